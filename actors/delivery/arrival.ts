/** A message has arrived and the rules were held against its plan: the plan is carried out (XEP-0079 2.2.4). @module */
import type { Met, NotifyMoment } from "../../amp/evaluate.ts";
import type { Outcome } from "../../amp/outcome.ts";
import { type NonePlan, ordinaryError, type Plan } from "../../amp/plan.ts";
import { deadlineOf, type RuleState } from "../../amp/rule_state.ts";
import { storable } from "../../modules/archive_policy.ts";
import type { StanzaErrorCondition } from "../../xmpp/errors.ts";
import type { Stanza } from "../../xmpp/stanza.ts";
import { finish, tellAccepted } from "../post.ts";
import { accept, apply, carryOut, termsOf } from "./carry_out.ts";
import type { Envelope } from "./delivery_letter.ts";
import { type DeliveryState, PRESENCE_DUE_MS } from "./delivery_state.ts";
import { endAtArrival, fire, isLogged } from "./flight/ends.ts";
import type { Ending, Row, Step } from "./flight/flight.ts";
import { forward as startForward } from "./flight/on_hop.ts";
import { offer } from "./flight/on_session_end.ts";
import type { Holder } from "./holder.ts";
import { LogRow } from "./log_row.ts";
import { append, archivedPeer, waitingUnder } from "./log_rows.ts";
import { offered } from "./message_phases.ts";
import { waitInStorage } from "./own_effects.ts";
import { announceMet } from "./rule_events.ts";
import { toResources } from "./to_sessions.ts";
import { LOGGED_ROW, NO_ROW, Tracked, UNOFFERED } from "./tracked.ts";
import { watchDeadline } from "./watch_deadline.ts";

/** The event that goes with the plan, and when it becomes true. */
export type Notify = Met & { readonly when: NotifyMoment };

/** What arrives: how it came, and its text without rules and foreign stanza ids. */
export interface Arrival {
  readonly envelope: Envelope;
  readonly stanza: Stanza;
  readonly rules: RuleState | undefined;
  /** It had to wait for a reading of the store: whoever counts it has hurried the commit before there was a row. */
  readonly isLate?: boolean | undefined;
}

export function arrive(state: DeliveryState, arrival: Arrival, plan: Plan, notify: Notify | undefined): void {
  if (plan.kind === "none") return undeliverable(state, arrival, plan, notify);
  if (notify?.when !== "now") return accordingTo(state, arrival, plan, notify);
  announceMet(state, notify, arrival.rules!, arrival.envelope.replyTo?.timeline);
  accordingTo(state, { ...arrival, rules: fire(arrival.rules!, notify) }, plan, undefined);
}

function accordingTo(
  state: DeliveryState,
  arrival: Arrival,
  plan: Exclude<Plan, NonePlan>,
  notify: Met | undefined,
): void {
  switch (plan.kind) {
    case "direct":
      return sendDirect(state, arrival, plan.resources, notify);
    case "stored":
      return store(state, arrival, notify);
    case "forward":
      return forward(state, arrival, plan.to, notify);
    case "gateway":
      throw new Error("Cannot deliver message: an account is served by no gateway");
    default:
      plan satisfies never;
  }
}

/** Gives the message its rows. Returns the handle where there is something to write. */
function track(
  state: DeliveryState,
  { envelope, stanza, rules }: Arrival,
  waits: boolean,
): { readonly tracked: Tracked; readonly isNew: boolean } {
  const owner = state.owner.text;
  if (envelope.seq > 0) {
    const place = { owner, seq: envelope.seq };
    return { tracked: new Tracked(envelope, place, stanza, rules, UNOFFERED, LOGGED_ROW), isNew: false };
  }
  const place = { owner, seq: state.node.seqs.next() };
  const peer = archivedPeer(state, envelope, stanza);
  const archived = peer !== undefined;
  const isNew = waits || archived;
  const row: Row = isNew ? { log: "queued", waits, archived, counted: false } : NO_ROW;
  const tracked = new Tracked(envelope, place, stanza, rules, UNOFFERED, row);
  tracked.peer = peer;
  if (waits) tracked.waiting = waitingUnder(rules, tracked.timeline);
  tracked.kept = archived;
  return { tracked, isNew };
}

export function begin(state: Holder, tracked: Tracked, step: Step): void {
  if (step.flight !== undefined) state.inFlight.set(tracked.seq, tracked);
  apply(state, tracked, step);
}

function sendDirect(
  state: DeliveryState,
  arrival: Arrival,
  resources: readonly string[],
  notify: Met | undefined,
): void {
  const { envelope, stanza, rules } = arrival;
  const keeps = envelope.notice || storable(stanza);
  const isTracked =
    keeps || rules !== undefined || envelope.replyTo?.waits === true || envelope.replyTo?.timeline !== undefined;
  if (!isTracked) return sendUntracked(state, arrival, resources);
  const { tracked, isNew } = track(state, arrival, keeps && state.offline);
  const { waits } = tracked.flight.row;
  if (isNew) append(state, tracked, stanza.size, waits);
  else acceptUnkept(state, tracked);
  state.inFlight.set(tracked.seq, tracked);
  if (!waits && rules !== undefined) watchDeadline(state, tracked);
  const isBehind = state.comesBehind || state.awaitsPresence(resources);
  if (state.comesBehind && waits) restBehind(state, tracked);
  else if (isBehind) sendBehind(state, tracked.seq, () => send(state, tracked, resources, notify));
  else send(state, tracked, resources, notify);
}

/**
 * Nothing keeps it, so there is no commit that its acceptance could wait for. Were it told with the proof of receipt, a recipient
 * could hold up its sender's count, whose time would tell who is there.
 */
function acceptUnkept(state: DeliveryState, tracked: Tracked): void {
  const { flight } = tracked;
  if (flight.row.log !== "none" || flight.audience !== "count") return;
  accept(state.node, tracked);
  tracked.flight = { ...flight, audience: "none" };
}

/** To those resources. What has ended while it stood behind others goes nowhere. */
function send(state: DeliveryState, tracked: Tracked, resources: readonly string[], notify: Met | undefined): void {
  if (state.inFlight.get(tracked.seq) !== tracked || tracked.flight.stage.kind !== "offered") return;
  const sessions = state.sessionsOf(resources);
  apply(state, tracked, offer(tracked.flight, sessions, notify));
  if (tracked.flight.notice) return;
  if (sessions.length === 0) tracked.isUntold = true;
  else tracked.copiedTo = offered(state, tracked, resources);
}

/** Nobody waits for proof of it, and nothing of it is kept but what an archive wants. */
function sendUntracked(state: DeliveryState, { envelope, stanza }: Arrival, resources: readonly string[]): void {
  const peer = archivedPeer(state, envelope, stanza);
  const kept = peer !== undefined;
  const isBehind = state.comesBehind || state.awaitsPresence(resources);
  const seq = kept || isBehind ? state.node.seqs.next() : 0;
  if (kept) append(state, new LogRow(stanza, { owner: state.owner.text, seq, peer }), stanza.size, false);
  const message = { stanza, seq: kept ? seq : 0, kept };
  const sendNow = () => {
    if (toResources(state, message, resources)) offered(state, message, resources);
  };
  if (isBehind) sendBehind(state, seq, sendNow);
  else sendNow();
  tellAccepted(state.node, envelope.replyTo);
}

/**
 * After what waits, where not too much stands there already; what waits for the presence of its resource, for so long as
 * that may be expected.
 */
function sendBehind(state: DeliveryState, seq: number, sendNow: () => void): void {
  const isFirst = state.behind === undefined;
  if (!state.putBehind({ seq, send: sendNow })) return sendNow();
  if (!isFirst || state.comesBehind) return;
  state.node.schedule(PRESENCE_DUE_MS, () => state.self().tell({ kind: "flush", seenUntil: 0 }));
}

/** Older messages are on their way from storage: this one comes after them, from there. */
function restBehind(state: DeliveryState, tracked: Tracked): void {
  const { seq, flight } = tracked;
  tracked.flight = { ...flight, stage: { kind: "resting", ending: undefined, report: undefined } };
  if (!flight.notice) state.noteFresh(seq);
  countAndWait(state, tracked);
  if (flight.row.log === "durable") state.inFlight.delete(seq);
}

function countAndWait(state: DeliveryState, tracked: Tracked): void {
  const { flight } = tracked;
  if (!flight.row.counted) {
    tracked.flight = { ...flight, row: { ...flight.row, counted: true } };
    state.count(tracked, true);
  }
  waitInStorage(state, tracked.seq);
}

/** Into storage. The event of a `notify` for it lies in the same transaction and goes out after the commit. */
function store(state: DeliveryState, arrival: Arrival, notify: Met | undefined): void {
  const { envelope, stanza, rules } = arrival;
  const settled = rules && { ...(notify === undefined ? rules : fire(rules, notify)), settled: true };
  // Without offline storage the archive holds it; what has a deadline waits for that alone, and is not offered.
  const expires = deadlineOf(settled) !== undefined;
  const { tracked, isNew } = track(state, { ...arrival, rules: settled }, state.offline || expires);
  const { waits } = tracked.flight.row;
  if (state.refusesStrangers) state.strangersWait = true;
  if (waits && state.offline) countAndWait(state, tracked);
  if (!isNew) return finish(state.node, envelope.replyTo, { kind: "stored" });
  state.inFlight.set(tracked.seq, tracked);
  // The first step of a message with a key is committed with its row: whoever repeats the sending after a kill finds both or neither.
  const isOfApplication = envelope.replyTo?.waits === true && tracked.timeline !== undefined;
  if (!isOfApplication && !isLogged(notify, rules, termsOf(state))) {
    tracked.flight = { ...tracked.flight, stage: { kind: "resting", ending: undefined, report: notify } };
    const wanted = envelope.replyTo?.waits === true || (arrival.isLate === true && envelope.replyTo !== undefined);
    return append(state, tracked, stanza.size, false, wanted);
  }
  const outcome: Outcome = { kind: "stored" };
  const ending: Ending = { kind: "rest", report: notify, outcome, bounce: undefined, hasRow: true };
  tracked.flight = { ...tracked.flight, stage: { kind: "resting", ending, report: notify } };
  carryOut(state, tracked, { kind: "commit", changes: ["row"], ending, alone: false });
}

/** The archives keep it under the address that was written: the forwarding address is nobody's business. */
function forward(state: DeliveryState, arrival: Arrival, to: string, notify: Met | undefined): void {
  const { tracked, isNew } = track(state, arrival, false);
  if (isNew) append(state, tracked, arrival.stanza.size, false);
  begin(state, tracked, startForward(tracked.flight, to, notify));
}

function undeliverable(state: DeliveryState, arrival: Arrival, plan: NonePlan, notify: Notify | undefined): void {
  const condition = ordinaryError(plan);
  if (plan.reason === "storage-full") state.noteFull(arrival.stanza.from!);
  const outcome: Outcome = condition === undefined ? { kind: "dropped" } : { kind: "none", condition };
  endHere(state, arrival, notify?.when === "now" ? notify : undefined, outcome, condition);
}

/** The end of a message that never got further; an event of it is in the log before the message counts as accepted. */
export function endHere(
  holder: Holder,
  { envelope, stanza, rules }: Arrival,
  report: Met | undefined,
  outcome: Outcome,
  bounce?: StanzaErrorCondition,
): void {
  const place = { owner: holder.owner.text, seq: holder.node.seqs.next() };
  const tracked = new Tracked(envelope, place, stanza, rules, UNOFFERED, NO_ROW);
  begin(holder, tracked, endAtArrival(tracked.flight, termsOf(holder), { outcome, changes: [], report, bounce }));
}
