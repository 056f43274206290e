/**
 * The sender's side: the rules of what an account sends are validated, modules see it, and it is kept in the account's own
 * archive. Then the message goes to its recipient's side, which may be another server's. RFC 6120 section 10.3, XEP-0079
 * section 9, XEP-0313.
 * @module
 */
import { archives } from "../../modules/archive_policy.ts";
import { blockedError, hasBlocked } from "../../modules/blocking/block_list.ts";
import { StanzaError, type StanzaErrorCondition } from "../../xmpp/errors.ts";
import { NS } from "../../xmpp/ns.ts";
import type { Stanza } from "../../xmpp/stanza.ts";
import type { ReplyTo, SessionId } from "../address.ts";
import { countRefusal } from "../count_refusal.ts";
import { envelope } from "../envelope.ts";
import { withoutVia } from "../hop/via.ts";
import { sendAccepted, tellRefused } from "../post.ts";
import { withoutRules } from "./compose.ts";
import type { DeliveryLetter } from "./delivery_letter.ts";
import type { DeliveryState } from "./delivery_state.ts";
import { answerRefused, refusalOfRules } from "./first_answers.ts";
import { LogRow } from "./log_row.ts";
import { append } from "./log_rows.ts";
import { outgoing, sent as tellSent } from "./message_phases.ts";

/** The timeline alone wants to know. */
const NOBODY: ReplyTo = { to: undefined, ticket: 0, waits: false };

type Outgoing = Extract<DeliveryLetter, { kind: "outgoing" }>;

export function onOutgoing(state: DeliveryState, letter: Outgoing): void {
  if (letter.stanza.name === "message") return send(state, letter);
  sendRequest(state, letter.stanza, letter.session);
}

function send(state: DeliveryState, letter: Outgoing): void {
  const { stanza, session } = letter;
  const replyTo = tracked(state, letter);
  if (session !== undefined) return sendOfClient(state, stanza, session, replyTo);
  keep(state, stanza, replyTo);
  state.node.dispatch(envelope(stanza, { replyTo }));
}

/** With the timeline of the message, if it has one. */
function tracked({ node }: DeliveryState, { stanza, session, replyTo }: Outgoing): ReplyTo | undefined {
  const { timelines } = node;
  if (replyTo?.timeline !== undefined || !timelines.tracks(session === undefined || stanza.has("amp", NS.AMP))) {
    return replyTo;
  }
  return { ...(replyTo ?? NOBODY), timeline: timelines.open(stanza) };
}

function sendOfClient(state: DeliveryState, sent: Stanza, session: SessionId, replyTo: ReplyTo | undefined): void {
  const { node, profile } = state;
  const given = withoutVia(sent);
  const refused = refusalOfRules(given, node, profile);
  if (refused !== undefined) return refuse(state, [refused.reply], session, replyTo, refused.condition);
  const stanza = outgoing(state, given);
  if (stanza instanceof StanzaError) {
    return refuse(state, answerRefused(given, node, profile, stanza), session, replyTo, stanza.condition);
  }
  const seq = keep(state, stanza, replyTo);
  tellSent(state, { stanza, seq, kept: seq > 0 });
  node.dispatch(envelope(stanza, { replyTo }));
}

/** The message goes no further. */
function refuse(
  state: DeliveryState,
  answers: readonly Stanza[],
  session: SessionId,
  replyTo: ReplyTo | undefined,
  condition: StanzaErrorCondition,
): void {
  for (const answer of answers) {
    countRefusal(state.node.meters, answer);
    state.tellSession(session, { kind: "deliver", stanza: answer, seq: 0 });
  }
  finishBoth(state, replyTo, condition);
}

/** Neither side has more to do. */
function finishBoth({ node }: DeliveryState, replyTo: ReplyTo | undefined, condition: StanzaErrorCondition): void {
  if (replyTo !== undefined) sendAccepted(node, replyTo, "sender");
  tellRefused(node, replyTo, condition);
}

/** The row of the sender's archive; returns its number, 0: there is none. What it sends to itself its other side keeps. */
function keep(state: DeliveryState, stanza: Stanza, replyTo: ReplyTo | undefined): number {
  const { node, owner } = state;
  const to = stanza.to!.bare;
  if (to.equals(owner) || !archives(state.account, stanza, to) || !node.serves(to.domain)) {
    if (replyTo !== undefined) sendAccepted(node, replyTo, "sender");
    return 0;
  }
  const seq = node.seqs.next();
  const text = withoutRules(stanza);
  append(state, new LogRow(text, { owner: owner.text, seq, peer: to.text }), text.size, false);
  if (replyTo !== undefined) state.sent.set(seq, replyTo);
  return seq;
}

/** The sender's archive has the message, or cannot have it. */
export function acceptSent({ sent, node }: DeliveryState, seq: number): void {
  const replyTo = sent.get(seq);
  if (replyTo === undefined) return;
  sent.delete(seq);
  sendAccepted(node, replyTo, "sender");
}

/** An IQ of a client's. XEP-0191 section 3.3: requests to somebody whom the account has blocked are refused. */
function sendRequest(state: DeliveryState, stanza: Stanza, session: SessionId | undefined): void {
  const isRequest = stanza.type === "get" || stanza.type === "set";
  if (isRequest && session !== undefined && hasBlocked(state.account, stanza.to!)) {
    return state.tellSession(session, { kind: "deliver", stanza: stanza.error(blockedError()), seq: 0 });
  }
  state.node.route(stanza);
}
