/** The effects of a step that concern an account: its sessions, its stored messages, its forwarding address. @module */
import type { RuleState } from "../../amp/rule_state.ts";
import { CARBONS } from "../../modules/carbons.ts";
import { Jid } from "../../xmpp/jid.ts";
import type { ReplyTo, SessionId } from "../address.ts";
import type { DeliveryState } from "./delivery_state.ts";
import type { Effect } from "./flight/flight.ts";
import type { OwnEffect } from "./holder.ts";
import { offered } from "./message_phases.ts";
import { toSessions } from "./to_sessions.ts";
import type { Tracked } from "./tracked.ts";
import { watchDeadline } from "./watch_deadline.ts";

export function carryOutOwn(state: DeliveryState, tracked: Tracked, effect: OwnEffect): void {
  const { seq } = tracked;
  switch (effect.kind) {
    case "offer":
      return offer(state, tracked, effect.to);
    case "plan":
      return void state.toPlan.push({ tracked, forward: effect.forward });
    case "again":
      return state.self().tell({ kind: "again", seq });
    case "forward":
      return forward(state, tracked, Jid.parse(effect.to), effect.rules);
    case "queue":
      throw new Error("Cannot queue message: an account has no next hop");
    case "revoke-elsewhere":
      return revokeElsewhere(state, seq, effect);
    case "revoke":
      return state.tellSessions(effect.from, { kind: "revoke", seq });
    case "settle":
      return settle(state, tracked);
    case "count":
      return state.count(tracked, effect.waits);
    case "wait":
      return waitInStorage(state, seq);
    case "hold-back":
      return holdBack(state, seq);
    case "watch":
      return watchDeadline(state, tracked);
    case "remember":
      return state.noteProvedEvent(seq);
    default:
      effect satisfies never;
  }
}

function offer(state: DeliveryState, tracked: Tracked, to: readonly SessionId[]): void {
  toSessions(state, tracked, to);
  if (!tracked.isUntold && state.fresh?.delete(tracked.seq) !== true) return;
  tracked.isUntold = false;
  const takers = state.profile.resources.filter(({ session }) => to.includes(session));
  const names = takers.map(({ resource }) => resource);
  if (names.length > 0) tracked.copiedTo = offered(state, tracked, names);
}

/** One letter to the store covers all rows that a proof settles: tellSettled() sends it. */
function settle(state: DeliveryState, tracked: Tracked): void {
  if (!tracked.isWritten) tracked.isCancelled = true;
  state.toSettle.push(tracked.seq);
}

export function tellSettled(state: DeliveryState): void {
  if (state.toSettle.length === 0) return;
  // The steps that say why come first: a crash in between must not leave a timeline without its end.
  state.node.timelines.flush();
  state.node.store.tell({ kind: "settle", owner: state.owner.text, seqs: state.toSettle });
  state.toSettle = [];
}

/** A session that was resumed later would give it again; where it wants all that others get, it may. */
function revokeElsewhere(
  state: DeliveryState,
  seq: number,
  { from, prover }: Extract<Effect, { kind: "revoke-elsewhere" }>,
): void {
  for (const { session, resource, marks } of state.profile.resources) {
    if (resource === prover || marks.has(CARBONS) || !from.includes(session)) continue;
    state.tellSession(session, { kind: "revoke", seq });
  }
}

/** A flush offers the row. Rows that it has passed already are read again, up to this one. */
export function waitInStorage(state: DeliveryState, seq: number): void {
  state.hasPending = true;
  const { flush } = state;
  if (flush === undefined) return;
  flush.open.delete(seq);
  flush.after = Math.min(flush.after, seq - 1);
}

function holdBack(state: DeliveryState, seq: number): void {
  const { flush } = state;
  if (flush === undefined) state.hasPending = true;
  else if (flush.after >= seq) flush.left++;
}

/** The answer is an end, or, where none is told, that the message is durable there. */
function forward(state: DeliveryState, tracked: Tracked, to: Jid, rules: RuleState | undefined): void {
  const { seq, stanza, via } = tracked;
  const replyTo: ReplyTo = { to: { kind: "delivery", jid: state.owner }, ticket: seq, waits: true };
  state.node.route(stanza.readdress({ to }), { replyTo, via: [...via, state.owner], rules });
}
