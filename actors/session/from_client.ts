/**
 * Handles a client's stanza: checks it, stamps the full JID, and routes it or answers it at once. RFC 6120 sections
 * 8.1.2.1, 8.2 and 10.3.
 * @module
 */
import { StanzaError } from "../../xmpp/errors.ts";
import type { Jid } from "../../xmpp/jid.ts";
import { Stanza } from "../../xmpp/stanza.ts";
import type { ScannedElement } from "../../xmpp/xml/scanned_element.ts";
import type { Address } from "../address.ts";
import type { Node, UserEntry } from "../node.ts";

/** Prefix of the id of an XEP-0199 request for proof of receipt. */
export const PROBE_ID = "ampact-probe-";

type SessionAddress = Extract<Address, { readonly kind: "session" }>;

/** The session whose client it is. */
export interface SendingSession {
  readonly node: Node;
  readonly jid: Jid;
  readonly entry: UserEntry;
  readonly address: SessionAddress;
  /** To the client itself. */
  answer(stanza: Stanza): void;
  /** The stanza of that ticket is handled (XEP-0198 section 4); 0: no ticket. */
  settle(ticket: number): void;
  /** Undirected, available or unavailable. */
  keepPresence(presence: Stanza): void;
  probeAnswered(token: number): void;
  /** The client answers an IQ request of another entity. */
  answered(answer: Stanza): void;
}

/** `ticket`: its number in XEP-0198; 0: not counted. Throws StreamError. */
export function onStanza(session: SendingSession, element: ScannedElement, ticket: number): void {
  let stanza: Stanza;
  try {
    stanza = Stanza.fromClient(element, session.jid);
  } catch (error) {
    if (!(error instanceof StanzaError) || error.stanza === undefined) throw error;
    refuse(session, error.stanza, error);
    return session.settle(ticket);
  }
  if (stanza.name === "message") return onMessage(session, stanza, ticket);
  if (stanza.name === "presence") onPresence(session, stanza);
  else onIq(session, stanza);
  session.settle(ticket);
}

function refuse(session: SendingSession, stanza: Stanza, error: StanzaError): void {
  if (stanza.type === "error" || stanza.type === "result") return;
  session.node.meters.refusals[error.condition]++;
  session.answer(stanza.readdress({ to: undefined, from: undefined }).error(error).readdress({ to: session.jid }));
}

function onMessage(session: SendingSession, stanza: Stanza, ticket: number): void {
  // RFC 6120 section 10.3.1: a message without `to` is for the sender's own bare JID.
  const message = stanza.to === undefined ? stanza.readdress({ to: session.jid.bare }) : stanza;
  const replyTo = ticket === 0 ? undefined : { to: session.address, ticket, waits: false };
  session.entry.delivery.tell({ kind: "outgoing", stanza: message, session: session.address.id, replyTo });
}

function onPresence(session: SendingSession, stanza: Stanza): void {
  const { type, to } = stanza;
  if (type === "error") return;
  if (to === undefined && (type === undefined || type === "unavailable")) session.keepPresence(stanza);
  session.entry.user.tell({ kind: "presence", resource: session.jid.resource, stanza });
}

function onIq(session: SendingSession, stanza: Stanza): void {
  const { type, id, to } = stanza;
  if (type === "result" || type === "error") {
    if (id?.startsWith(PROBE_ID)) return session.probeAnswered(Number(id.slice(PROBE_ID.length)));
    if (to === undefined) return;
    session.answered(stanza);
    return sendOn(session, stanza);
  }
  const request = to === undefined ? stanza.readdress({ to: session.jid.bare }) : stanza;
  if ((type !== "get" && type !== "set") || !id || stanza.children.length !== 1) {
    session.node.meters.refusals["bad-request"]++;
    return session.answer(request.error(new StanzaError("bad-request")));
  }
  sendOn(session, request);
}

function sendOn({ entry, address }: SendingSession, stanza: Stanza): void {
  entry.delivery.tell({ kind: "outgoing", stanza, session: address.id, replyTo: undefined });
}
