/**
 * What a client sends: checked, stamped with its full JID, and sent on its way, or answered at once.
 * RFC 6120 sections 8.1.2.1, 8.2 and 10.3.
 * @module
 */
import { isBlocked } from "../../modules/blocking/block_list.ts";
import { StanzaError } from "../../xmpp/errors.ts";
import type { Jid } from "../../xmpp/jid.ts";
import { Stanza } from "../../xmpp/stanza.ts";
import type { ScannedElement } from "../../xmpp/xml/scanned_element.ts";
import { clientEnvelope } from "../envelope.ts";
import type { Node, UserEntry } from "../node.ts";
import { archives } from "../profile.ts";
import type { Profile, Receipt, SentCopy, SessionRef } from "../protocol.ts";
import { answerBlockedMessage, blockedError, refusalOfRules } from "./first_answers.ts";
import { withoutServerDelay } from "./server_delay.ts";

/** The id of an XEP-0199 request that asks for proof of receipt begins so. */
export const PROBE_ID = "ampact-probe-";

/** The session whose client it is. */
export interface SendingSession {
  readonly node: Node;
  readonly jid: Jid;
  readonly entry: UserEntry;
  readonly profile: Profile;
  /** Another resource of the account wants carbon copies of what is sent here. */
  readonly carbons: boolean;
  self(): SessionRef;
  /** To the client itself. */
  answer(stanza: Stanza): void;
  /** The stanza of that ticket needs nothing more (XEP-0198 section 4); 0: no ticket. */
  settle(ticket: number): void;
  /** Undirected, available or unavailable. */
  keepPresence(presence: Stanza): void;
  probeAnswered(token: number): void;
  /** The client answers an IQ request of somebody else's. */
  answered(answer: Stanza): void;
}

/** `ticket`: what XEP-0198 counts it as; 0: nobody counts. Throws StreamError. */
export function onStanza(session: SendingSession, element: ScannedElement, ticket: number): void {
  let stanza: Stanza;
  try {
    stanza = Stanza.fromClient(element, session.jid);
  } catch (error) {
    if (!(error instanceof StanzaError) || error.stanza === undefined) throw error;
    refuse(session, error.stanza, error);
    return session.settle(ticket);
  }
  if (stanza.name === "message") return onMessage(session, withoutServerDelay(stanza, session.node), ticket);
  if (stanza.name === "presence") onPresence(session, withoutServerDelay(stanza, session.node));
  else onIq(session, stanza);
  session.settle(ticket);
}

function refuse(session: SendingSession, stanza: Stanza, error: StanzaError): void {
  if (stanza.type === "error" || stanza.type === "result") return;
  session.answer(stanza.readdress({ to: undefined, from: undefined }).error(error).readdress({ to: session.jid }));
}

function onMessage(session: SendingSession, stanza: Stanza, ticket: number): void {
  const { node, jid, profile } = session;
  // RFC 6120 section 10.3.1: a message without `to` is for the sender's own bare JID.
  const to = stanza.to ?? jid.bare;
  const message = stanza.to === undefined ? stanza.readdress({ to }) : stanza;
  const refused = refusalOfRules(message, node, profile);
  if (refused !== undefined) return answerAtOnce(session, [refused.reply], ticket);
  if (hasBlocked(session, to)) return answerAtOnce(session, answerBlockedMessage(message, node, profile), ticket);
  const archiveSender = node.settings.archive && archives(profile, to.bare);
  node.dispatch(clientEnvelope(message, receiptFor(session, ticket), archiveSender, sentCopy(session, to)));
}

/** The message goes no further. */
function answerAtOnce(session: SendingSession, answers: readonly Stanza[], ticket: number): void {
  for (const answer of answers) session.answer(answer);
  session.settle(ticket);
}

function receiptFor(session: SendingSession, ticket: number): Receipt | undefined {
  return ticket === 0 ? undefined : new ClientReceipt(session.self(), ticket);
}

/** XEP-0198 counts the message when it is accepted; what becomes of it then, its rules report. */
class ClientReceipt implements Receipt {
  readonly waits = false;
  readonly #session: SessionRef;
  readonly #ticket: number;

  constructor(session: SessionRef, ticket: number) {
    this.#session = session;
    this.#ticket = ticket;
  }

  accepted(): void {
    this.#session.tell({ kind: "accepted", ticket: this.#ticket });
  }

  outcome(): void {}
}

/** XEP-0280 section 8: not of a message to oneself, which comes to the other resources as it is. */
function sentCopy({ carbons, jid, entry }: SendingSession, to: Jid): SentCopy | undefined {
  if (!carbons || to.bare.equals(jid.bare)) return undefined;
  return { delivery: entry.delivery, resource: jid.resource };
}

function hasBlocked({ profile, jid }: SendingSession, to: Jid): boolean {
  const { blocked } = profile;
  return blocked.size > 0 && isBlocked(blocked, to) && !to.bare.equals(jid.bare);
}

function answerBlocked(session: SendingSession, stanza: Stanza): void {
  if (stanza.type !== "error") session.answer(blockedError(stanza));
}

function onPresence(session: SendingSession, stanza: Stanza): void {
  const { type, to } = stanza;
  if (type === "error") return;
  const { jid, entry } = session;
  const isOfAvailability = type === undefined || type === "unavailable";
  if (isOfAvailability && to !== undefined && hasBlocked(session, to)) return answerBlocked(session, stanza);
  if (isOfAvailability && to === undefined) session.keepPresence(stanza);
  entry.user.tell({ kind: "presence", resource: jid.resource, stanza });
}

function onIq(session: SendingSession, stanza: Stanza): void {
  const { node, jid } = session;
  const { type, id, to } = stanza;
  if (type === "result" || type === "error") {
    if (id?.startsWith(PROBE_ID)) return session.probeAnswered(Number(id.slice(PROBE_ID.length)));
    if (to === undefined) return;
    session.answered(stanza);
    return node.route(stanza);
  }
  const request = to === undefined ? stanza.readdress({ to: jid.bare }) : stanza;
  if ((type !== "get" && type !== "set") || !id || stanza.children.length !== 1) {
    return session.answer(request.error(new StanzaError("bad-request")));
  }
  if (to !== undefined && hasBlocked(session, to)) return answerBlocked(session, request);
  node.route(request);
}
