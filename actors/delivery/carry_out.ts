/** Moves messages by events, and carries out what each step asks for. @module */
import type { Outcome } from "../../amp/outcome.ts";
import { deadlineOf, encodeState, type RuleState } from "../../amp/rule_state.ts";
import type { StoreCall, StoreFault } from "../../store/store.ts";
import { StanzaError } from "../../xmpp/errors.ts";
import { Jid } from "../../xmpp/jid.ts";
import type { Stanza } from "../../xmpp/stanza.ts";
import type { ReplyTo } from "../address.ts";
import { finish, type Post, tellAccepted, tellOutcome } from "../post.ts";
import type { DeliveryState } from "./delivery_state.ts";
import type { Change, Effect, Event, Step, Terms } from "./flight/flight.ts";
import { step } from "./flight/step.ts";
import { pendingEntry, transact } from "./log_rows.ts";
import { announce, eventCalls, fireInLog, ruleEvent, sendEvent } from "./rule_events.ts";
import { toSessions } from "./to_sessions.ts";
import type { Tracked } from "./tracked.ts";
import { watchDeadline } from "./watch_deadline.ts";

export function termsOf({ node, offline }: DeliveryState): Terms {
  return { offline, logsReports: node.settings.offline, now: node.now() };
}

export function move(state: DeliveryState, tracked: Tracked, event: Event, terms = termsOf(state)): void {
  apply(state, tracked, step(tracked.flight, event, terms));
}

export function apply(state: DeliveryState, tracked: Tracked, { flight, effects }: Step): void {
  if (flight !== undefined) tracked.flight = flight;
  if (flight?.stage.kind !== "offered") state.flush?.open.delete(tracked.seq);
  for (let i = 0; i < effects.length; i++) carryOut(state, tracked, effects[i]!);
}

/** In the order of the union in flight/flight.ts. */
export function carryOut(state: DeliveryState, tracked: Tracked, effect: Effect): void {
  const { node } = state;
  const { seq } = tracked;
  switch (effect.kind) {
    case "offer":
      return toSessions(state, tracked, effect.to);
    case "plan":
      return void state.toPlan.push({ tracked, forward: effect.forward });
    case "again":
      return state.self().tell({ kind: "again", seq });
    case "hand":
      return handOver(state, tracked, Jid.parse(effect.to), effect.rules);
    case "revoke-elsewhere":
      return revokeElsewhere(state, seq, effect);
    case "revoke":
      return state.tellSessions(effect.from, { kind: "revoke", seq });
    case "settle":
      return settle(state, tracked);
    case "commit":
      return commit(state, tracked, effect);
    case "report":
      return report(state, tracked, effect);
    case "fire":
      return void fireInLog(node, state.owner.text, { seq, rules: effect.rules }, effect.met);
    case "unreport":
      return unreport(state, tracked);
    case "bounce":
      return bounce(state, tracked.stanza, errorOf(effect));
    case "count":
      return state.count(tracked, effect.waits);
    case "wait":
      return waitInStorage(state, seq);
    case "hold-back":
      return holdBack(state);
    case "watch":
      return watchDeadline(state, tracked);
    case "remember":
      return state.noteProvedEvent(seq);
    case "accept":
      return accept(node, tracked);
    case "tell":
      return tellOutcome(node, tracked.replyTo, effect.outcome);
    case "log":
      return node.log.error("rule not carried out", { seq, fault: effect.condition });
    case "over":
      return conclude(state, tracked, effect.outcome);
    default:
      effect satisfies never;
  }
}

/** XEP-0198 counts the message from now on; an application goes on waiting for outcomes. */
export function accept(post: Post, tracked: { replyTo: ReplyTo | undefined }): void {
  const { replyTo } = tracked;
  tellAccepted(post, replyTo);
  if (replyTo?.waits !== true) tracked.replyTo = undefined;
}

function conclude(state: DeliveryState, { seq, replyTo }: Tracked, outcome: Outcome | undefined): void {
  state.inFlight.delete(seq);
  finish(state.node, replyTo, outcome);
}

function errorOf({ condition, type }: Extract<Effect, { kind: "bounce" }>): StanzaError {
  return type === undefined ? new StanzaError(condition) : new StanzaError(condition, { type });
}

export function bounce(state: DeliveryState, stanza: Stanza, error: StanzaError): void {
  if (stanza.type !== "error") state.node.route(stanza.error(error));
}

/** One letter to the store covers all rows that a proof settles: tellSettled() sends it. */
function settle(state: DeliveryState, tracked: Tracked): void {
  if (!tracked.isWritten) tracked.isCancelled = true;
  state.toSettle.push(tracked.seq);
}

export function tellSettled(state: DeliveryState): void {
  if (state.toSettle.length === 0) return;
  state.node.store.tell({ kind: "settle", owner: state.owner.text, seqs: state.toSettle });
  state.toSettle = [];
}

/** A session that was resumed later would give it again. */
function revokeElsewhere(
  state: DeliveryState,
  seq: number,
  { from, prover }: Extract<Effect, { kind: "revoke-elsewhere" }>,
): void {
  for (const { session, resource, carbons } of state.profile.resources) {
    if (resource !== prover && !carbons && from.includes(session)) state.tellSession(session, { kind: "revoke", seq });
  }
}

type Commit = Extract<Effect, { kind: "commit" }>;

function commit(state: DeliveryState, tracked: Tracked, { changes, ending, alone }: Commit): void {
  const { seq, flight } = tracked;
  tracked.report = ending.report && ruleEvent(state.node, ending.report, flight.rules!);
  const calls = [...changes.flatMap((change) => callsOf(state, tracked, change)), ...eventCalls(tracked.report)];
  const done = (fault: StoreFault | undefined) => state.self().tell({ kind: "done", seq, ending, fault });
  // An application's report has no row, so there may be nothing to write.
  if (calls.length === 0) return done(undefined);
  transact(state.node, calls, done, alone);
}

function callsOf(state: DeliveryState, tracked: Tracked, change: Change): readonly StoreCall[] {
  const { seq, stanza, flight } = tracked;
  const owner = state.owner.text;
  const { rules, row } = flight;
  switch (change) {
    case "row":
      tracked.isWritten = true;
      return [["append", [tracked]]];
    case "append":
      return [["append", [{ seq, text: stanza.toString(), archive: [], pending: pendingEntry(state, rules) }]]];
    case "rules":
      return [["setRules", owner, seq, encodeState(rules!), deadlineOf(rules)]];
    case "settle":
      return [["settle", [{ owner, seq }]]];
    case "withdraw": {
      const withdraw: StoreCall = ["withdraw", owner, seq];
      if (row.waits) return [withdraw];
      // Only what waits can be withdrawn; a message of the archive alone waits for this one moment.
      return [["pend", [{ seq, pending: { owner } }]], withdraw];
    }
    default:
      return change satisfies never;
  }
}

function report(state: DeliveryState, tracked: Tracked, { met, logged }: Extract<Effect, { kind: "report" }>): void {
  const { node } = state;
  if (logged === "done") return sendEvent(node, tracked.report);
  const event = ruleEvent(node, met, tracked.flight.rules!);
  if (event === undefined) return;
  if (logged === "now") announce(state, event);
  else sendEvent(node, { ...event, seq: 0 });
}

function unreport({ node }: DeliveryState, { report }: Tracked): void {
  if (report === undefined || report.seq === 0) return;
  node.store.tell({ kind: "settle", owner: report.stanza.to!.bare.text, seqs: [report.seq] });
}

/** A flush offers the row. Rows that it has passed already are read again, up to this one. */
export function waitInStorage(state: DeliveryState, seq: number): void {
  state.hasPending = true;
  const { flush } = state;
  if (flush === undefined) return;
  flush.open.delete(seq);
  flush.after = Math.min(flush.after, seq - 1);
}

function holdBack(state: DeliveryState): void {
  if (state.flush === undefined) state.hasPending = true;
  else state.flush.left++;
}

/** The answer is an end, or, where none is told, that the message is durable there. */
function handOver(state: DeliveryState, tracked: Tracked, to: Jid, rules: RuleState | undefined): void {
  const { seq, stanza, via } = tracked;
  const replyTo: ReplyTo = { to: { kind: "delivery", jid: state.owner }, ticket: seq, waits: true };
  state.node.route(stanza.readdress({ to }), { replyTo, via: [...via, state.owner], rules });
}
