/** What becomes of messages under way: proof of receipt, sessions that end, commits. @module */
import type { Outcome } from "../../amp/outcome.ts";
import type { Plan, ResourceAnswer } from "../../amp/plan.ts";
import { verdictOn } from "../../amp/verdict.ts";
import { type StoreCall, StoreFault } from "../../store/store.ts";
import { StanzaError } from "../../xmpp/errors.ts";
import { Jid } from "../../xmpp/jid.ts";
import type { DeliveryMessage, SessionRef } from "../protocol.ts";
import type { DeliveryState } from "./delivery_state.ts";
import { revokeElsewhere } from "./detached.ts";
import type { Ending } from "./ending.ts";
import { accept, bounce, conclude, end, giveUp, rest, rested, takeBack } from "./endings.ts";
import { expire, report, watchDeadline } from "./expiry.ts";
import { handOver, onTaken } from "./hand_over.ts";
import type { InFlight } from "./in_flight.ts";
import { conditionOf } from "./log_rows.ts";
import { countDeliveries } from "./never_proved.ts";
import { leaveToLog, recall } from "./offered.ts";
import { endFlush, flushOnward } from "./offline_delivery.ts";
import { askResources, type PlanOptions, planFor } from "./plan_input.ts";
import { announce, ruleEvent, sendEvent } from "./rule_events.ts";
import { toSessions } from "./to_sessions.ts";

/** A device has it. */
export function onProved(state: DeliveryState, seqs: readonly number[], resource: string): void {
  const rows: ProvedRows = { settled: [], awaited: [] };
  try {
    for (const seq of seqs) {
      const flight = state.inFlight.get(seq);
      if (flight?.phase === "live") proved(state, flight, resource, rows);
      else if (flight === undefined && state.offered.delete(seq)) rows.settled.push(seq);
    }
  } finally {
    dropRows(state, rows, resource);
  }
  flushOnward(state);
}

/** The waiting rows of messages that one proof covers, told of at once. */
interface ProvedRows {
  readonly settled: number[];
  /** Only the store knows whether a commit has taken the row: if so, a crash must not forget the event alone. */
  readonly awaited: number[];
}

function proved(state: DeliveryState, flight: InFlight, resource: string, rows: ProvedRows): void {
  const { seq, onProof, receipt } = flight;
  state.count(flight, false);
  if (flight.isShared) revokeElsewhere(state, flight, resource);
  if (flight.notice && flight.log === "durable") state.noteProvedEvent(seq);
  if (onProof !== undefined) {
    const isDurable = flight.log === "durable";
    if (receipt !== undefined || isDurable) return endProved(state, flight, resource, isDurable);
    if (flight.waits) {
      flight.phase = "ending";
      flight.targets = [];
      return void rows.awaited.push(seq);
    }
    announce(state, ruleEvent(state.node, onProof, flight.rules!));
  }
  if (flight.waits) rows.settled.push(seq);
  const isAwaited = receipt !== undefined && flight.archived && flight.log === "queued";
  if (!isAwaited) return conclude(state, flight, { kind: "direct", resource });
  flight.phase = "proved";
  flight.waits = false;
  state.flush?.open.delete(seq);
  receipt.outcome({ kind: "direct", resource });
}

function dropRows(state: DeliveryState, { settled, awaited }: ProvedRows, resource: string): void {
  const { store } = state.node;
  const owner = state.owner.text;
  if (settled.length > 0) store.tell({ kind: "settle", owner, seqs: settled });
  if (awaited.length > 0) cancelRows(state, awaited, resource);
}

function cancelRows(state: DeliveryState, seqs: readonly number[], resource: string): void {
  const reply = (kept: readonly number[]) => state.self().tell({ kind: "cancelled", seqs, kept, resource });
  state.node.store.tell({ kind: "cancel", owner: state.owner.text, seqs, reply });
}

type Cancelled = Extract<DeliveryMessage, { kind: "cancelled" }>;

export function onCancelled(state: DeliveryState, { seqs, kept, resource }: Cancelled): void {
  const durable = kept.length === 0 ? undefined : new Set(kept);
  for (const seq of seqs) {
    const flight = state.inFlight.get(seq);
    if (flight?.phase !== "ending" || flight.ending !== undefined) continue;
    if (durable?.has(seq)) {
      // A commit has it, if only the one under way: the next need take nothing else along.
      endProved(state, flight, resource, true);
      continue;
    }
    announce(state, ruleEvent(state.node, flight.onProof!, flight.rules!));
    conclude(state, flight, { kind: "direct", resource });
  }
  flushOnward(state);
}

/** Somebody relies on this message: it is gone when the event is in the log, in one transaction. */
function endProved(state: DeliveryState, flight: InFlight, resource: string, alone: boolean): void {
  const event = ruleEvent(state.node, flight.onProof!, flight.rules!);
  const settle: StoreCall = ["settle", [{ owner: state.owner.text, seq: flight.seq }]];
  state.flush?.open.delete(flight.seq);
  end(state, flight, { kind: "direct", resource }, event, flight.waits ? [settle] : [], alone);
}

type Unproved = Extract<DeliveryMessage, { kind: "unproved" }>;

/** A session is over: all that it was given is planned again, in order, with the rules that are still undecided. */
export function onUnproved(state: DeliveryState, { seqs, session, ignored }: Unproved): void | Promise<void> {
  const entry = state.profile.resources.find(({ ref }) => ref === session);
  const isKnown = entry !== undefined && !state.isDead(entry);
  if (isKnown) state.noteDead(session);
  // The first news of its end speaks for all: what it was given last may come back behind newer messages.
  const isOwed = (seq: number) =>
    state.offered.takerOf(seq) === session || state.inFlight.get(seq)?.targets.includes(session) === true;
  if (!isKnown && seqs.length > 0 && !seqs.some(isOwed)) return planAgain(state, []);
  const lost = takeFrom(state, state.inFlight.keys(), session);
  const inLog = state.offered.take(session);
  if (inLog.length === 0) return ignored ? planUncounted(state, lost) : planAgain(state, lost);
  return recall(state, inLog).then((recalled) => {
    const all = [...lost, ...recalled].sort(inOrder);
    return ignored ? planUncounted(state, all) : planAgain(state, all);
  });
}

/** Its client has let a request for proof pass, and ended its stream in order. */
function planUncounted(state: DeliveryState, lost: readonly InFlight[]): Promise<void> {
  return countDeliveries(state, lost).then((left) => planAgain(state, left));
}

function inOrder(one: InFlight, other: InFlight): number {
  return one.seq - other.seq;
}

/** A session that was resumed will not send them again: their time is over, unless another device has them. */
export function onLateThere(state: DeliveryState, seqs: readonly number[], session: SessionRef): void | Promise<void> {
  return planAgain(
    state,
    takeFrom(state, seqs, session).filter((flight) => !expire(state, flight)),
  );
}

/** That session will not prove these any more. Returns those that no other one may prove. */
function takeFrom(state: DeliveryState, seqs: Iterable<number>, session: SessionRef): InFlight[] {
  const lost: InFlight[] = [];
  for (const seq of seqs) {
    const flight = state.inFlight.get(seq);
    if (flight?.phase === "live" && flight.lostBy(session) && flight.targets.length === 0) lost.push(flight);
  }
  return lost;
}

/** No session was there to take it. */
export function onAgain(state: DeliveryState, seq: number): void | Promise<void> {
  const flight = state.inFlight.get(seq);
  if (flight?.phase === "live" && flight.targets.length === 0) return planAgain(state, [flight]);
}

function planAgain(state: DeliveryState, lost: readonly InFlight[], options?: PlanOptions): void | Promise<void> {
  if (lost.length === 0) return afterPlanning(state);
  const answers = askResources(state);
  if (answers instanceof Promise) return answers.then((known) => replanAll(state, lost, known, options));
  replanAll(state, lost, answers, options);
}

function replanAll(
  state: DeliveryState,
  lost: readonly InFlight[],
  answers: readonly ResourceAnswer[],
  options: PlanOptions | undefined,
): void {
  for (const flight of lost) replan(state, flight, planFor(state, flight, answers, options));
  afterPlanning(state);
}

function afterPlanning(state: DeliveryState): void {
  if (!state.ready) return endFlush(state);
  if (state.flush !== undefined) flushOnward(state);
  else if (state.hasPending && state.flushDue === 0) state.self().tell({ kind: "flush", seenUntil: 0 });
}

function replan(state: DeliveryState, flight: InFlight, plan: Plan): void {
  const { rules } = flight;
  const { node } = state;
  const verdict = rules && verdictOn(rules, plan, node.now());
  if (verdict && verdict.kind !== "default") return takeBack(state, flight, verdict);
  const notify = verdict?.notify;
  if (notify?.when === "now" && plan.kind !== "none") report(state, flight, notify);
  switch (plan.kind) {
    case "direct":
      flight.phase = "live";
      flight.onProof = notify?.when === "received" ? notify : undefined;
      return toSessions(state, flight, flight, plan.resources);
    case "forward":
      flight.onProof = notify?.when === "handed-over" ? notify : undefined;
      return handOver(state, flight, Jid.parse(plan.to));
    case "none":
      return giveUp(state, flight, plan, notify);
    case "stored":
      return rest(state, flight, notify?.when === "stored" ? notify : undefined);
    case "gateway":
      throw new Error("Cannot deliver message: an account is not served by a gateway");
    default:
      plan satisfies never;
  }
}

/** The forwarding address has answered. What it refuses is dealt with as if there were none. */
export function onHanded(state: DeliveryState, seq: number, outcome: Outcome | undefined): void | Promise<void> {
  const flight = state.inFlight.get(seq);
  if (flight?.phase !== "handing" || onTaken(state, flight, outcome)) return;
  flight.onProof = undefined;
  return planAgain(state, [flight], { forward: false });
}

export function onCommitted(state: DeliveryState, seqs: readonly number[]): void {
  for (const seq of seqs) {
    const flight = state.inFlight.get(seq);
    if (flight === undefined) continue;
    if (flight.log === "queued") flight.log = "durable";
    if (flight.phase === "live") {
      accept(flight);
      leaveToLog(state, flight);
    } else if (flight.phase === "proved") forget(state, flight);
    else if (flight.phase === "resting" && flight.ending === undefined) rested(state, flight);
  }
}

function forget(state: DeliveryState, flight: InFlight): void {
  state.inFlight.delete(flight.seq);
  accept(flight);
}

/** The store cannot take them: what no device may still prove is answered with an error, and never called stored. */
export function onRefused(state: DeliveryState, seqs: readonly number[], fault: StoreFault): void {
  for (const seq of seqs) {
    const flight = state.inFlight.get(seq);
    if (flight === undefined) continue;
    if (flight.waits && flight.phase === "live") watchDeadline(state, flight);
    flight.log = "none";
    flight.waits = false;
    flight.archived = false;
    flight.kept = false;
    if (flight.phase === "proved") forget(state, flight);
    else if (flight.phase === "resting" && flight.ending === undefined) fail(state, flight, fault);
  }
}

function fail(state: DeliveryState, flight: InFlight, fault: StoreFault): void {
  const condition = conditionOf(fault);
  state.count(flight, false);
  if (!flight.notice && flight.via.length === 0)
    bounce(state, flight.stanza, new StanzaError(condition, { type: "wait" }));
  conclude(state, flight, { kind: "none", condition });
}

/** The transaction that was to rest or end a message. */
export function onDone(state: DeliveryState, seq: number, ending: Ending, fault: StoreFault | undefined): void {
  const flight = state.inFlight.get(seq);
  if (flight?.ending !== ending) return;
  if (fault !== undefined) return onUndone(state, flight, ending, fault);
  if (ending.kind === "rest" && ending.hasRow !== true && flight.log === "none")
    return onRowless(state, flight, ending);
  flight.log = "durable";
  if (ending.kind === "rest") return rested(state, flight);
  state.count(flight, false);
  const { event, outcome } = ending;
  sendEvent(state.node, event);
  conclude(state, flight, outcome);
  flushOnward(state);
}

/** The rest is in the log, but the row itself was refused: nothing is stored, and no event may tell so. */
function onRowless(state: DeliveryState, flight: InFlight, ending: Ending): void {
  const { event } = ending;
  if (event !== undefined && event.seq > 0) {
    state.node.store.tell({ kind: "settle", owner: event.stanza.to!.bare.text, seqs: [event.seq] });
  }
  onUndone(state, flight, ending, new StoreFault("failed", "Cannot store message: its row was refused"));
}

/** What lies in the log stays there, its rules as they were: a later flush, or its deadline, finds it. */
function onUndone(state: DeliveryState, flight: InFlight, ending: Ending, fault: StoreFault): void {
  state.node.log.error("rule not carried out", { seq: flight.seq, fault: fault.kind, message: fault.message });
  flight.ending = undefined;
  if (ending.outcome.kind === "direct") return concludeUnlogged(state, flight, ending);
  if (flight.log !== "durable" || !flight.waits) fail(state, flight, fault);
  else {
    if (state.flush === undefined) state.hasPending = true;
    else state.flush.left++;
    conclude(state, flight, ending.kind === "rest" ? ending.outcome : { kind: "stored" });
  }
  flushOnward(state);
}

/** A device has it, whatever the store can do: no error may follow. Its row goes when the store takes writes again. */
function concludeUnlogged(state: DeliveryState, flight: InFlight, { event, outcome }: Ending): void {
  const { node, owner } = state;
  state.count(flight, false);
  if (flight.waits) node.store.tell({ kind: "settle", owner: owner.text, seqs: [flight.seq] });
  if (event !== undefined) sendEvent(node, { ...event, seq: 0 });
  conclude(state, flight, outcome);
  flushOnward(state);
}
