/**
 * The sender's side: what an account sends is checked by its own settings, kept in its own archive and copied to its other
 * resources. Then the message goes to its recipient's side, which may be another server's. RFC 6120 section 10.3, XEP-0079
 * section 9, XEP-0191, XEP-0280 section 8, XEP-0313.
 * @module
 */
import { archivable } from "../../modules/archive_policy.ts";
import { isBlocked } from "../../modules/blocking/block_list.ts";
import type { Jid } from "../../xmpp/jid.ts";
import type { Stanza } from "../../xmpp/stanza.ts";
import type { ReplyTo, SessionId } from "../address.ts";
import { blockedError } from "../blocked_error.ts";
import { envelope } from "../envelope.ts";
import { finish, tellAccepted } from "../post.ts";
import { archives } from "../profile.ts";
import { withoutRules, withoutStanzaIds } from "./compose.ts";
import type { DeliveryLetter } from "./delivery_letter.ts";
import type { DeliveryState } from "./delivery_state.ts";
import { answerBlockedMessage, refusalOfRules } from "./first_answers.ts";
import { LogRow } from "./log_row.ts";
import { append } from "./log_rows.ts";
import { copySent } from "./to_sessions.ts";

type Outgoing = Extract<DeliveryLetter, { kind: "outgoing" }>;

export function onOutgoing(state: DeliveryState, letter: Outgoing): void {
  if (letter.stanza.name === "message") return send(state, letter);
  sendRequest(state, letter.stanza, letter.session);
}

function send(state: DeliveryState, { stanza, session, replyTo }: Outgoing): void {
  const answers = session === undefined ? undefined : firstAnswers(state, stanza);
  if (answers !== undefined) {
    for (const answer of answers) state.tellSession(session!, { kind: "deliver", stanza: answer, seq: 0 });
    return finishBoth(state, replyTo);
  }
  keep(state, stanza, session, replyTo);
  state.node.dispatch(envelope(stanza, { replyTo }));
}

/** The message goes no further; undefined: it does. */
function firstAnswers({ node, profile, owner }: DeliveryState, stanza: Stanza): readonly Stanza[] | undefined {
  const refused = refusalOfRules(stanza, node, profile);
  if (refused !== undefined) return [refused.reply];
  return hasBlocked(profile.blocked, owner, stanza.to!) ? answerBlockedMessage(stanza, node, profile) : undefined;
}

function hasBlocked(blocked: ReadonlySet<string>, owner: Jid, to: Jid): boolean {
  return blocked.size > 0 && isBlocked(blocked, to) && !to.bare.equals(owner);
}

/** Neither side has more to do. */
function finishBoth({ node }: DeliveryState, replyTo: ReplyTo | undefined): void {
  tellAccepted(node, replyTo);
  finish(node, replyTo, undefined);
}

/** The row of the sender's archive, and copies for its other resources. What it sends to itself its other side keeps. */
function keep(
  state: DeliveryState,
  stanza: Stanza,
  session: SessionId | undefined,
  replyTo: ReplyTo | undefined,
): void {
  const { node, profile, owner } = state;
  const to = stanza.to!.bare;
  const isOwn = to.equals(owner);
  const isKept = !isOwn && isArchived(state, stanza, to);
  const copies = !isOwn && session !== undefined && profile.resources.length > 1 && state.hasCarbons;
  const seq = isKept ? node.seqs.next() : 0;
  const clean = isKept || copies ? withoutStanzaIds(stanza) : stanza;
  if (isKept) {
    const text = withoutRules(clean);
    append(state, new LogRow(seq, text, [{ owner: owner.text, peer: to.text }], undefined), text.size, false);
  }
  if (copies) copySent(state, { stanza: clean, seq, kept: isKept });
  if (replyTo === undefined) return;
  if (isKept) state.sent.set(seq, replyTo);
  else tellAccepted(node, replyTo);
}

function isArchived({ node, profile }: DeliveryState, stanza: Stanza, to: Jid): boolean {
  return (
    node.settings.archive && profile.persistent && archivable(stanza) && archives(profile, to) && node.serves(to.domain)
  );
}

/** The sender's archive has the message, or cannot have it. */
export function acceptSent({ sent, node }: DeliveryState, seq: number): void {
  const replyTo = sent.get(seq);
  if (replyTo === undefined) return;
  sent.delete(seq);
  tellAccepted(node, replyTo);
}

/** An IQ of a client's. XEP-0191 section 3.3: requests to somebody whom the account has blocked are refused. */
function sendRequest(state: DeliveryState, stanza: Stanza, session: SessionId | undefined): void {
  const { node, profile, owner } = state;
  const isRequest = stanza.type === "get" || stanza.type === "set";
  if (isRequest && session !== undefined && hasBlocked(profile.blocked, owner, stanza.to!)) {
    return state.tellSession(session, { kind: "deliver", stanza: blockedError(stanza), seq: 0 });
  }
  node.route(stanza);
}
