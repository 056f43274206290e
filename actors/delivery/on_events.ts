/** What happens to messages under way, as letters tell it: proof of receipt, sessions that end, commits, answers of a hop. @module */
import type { Outcome } from "../../amp/outcome.ts";
import type { Proof } from "../../outcomes/step.ts";
import { seqTime } from "../../store/sequence.ts";
import type { StoreFault } from "../../store/store.ts";
import type { SessionId } from "../address.ts";
import type { Meters } from "../meters.ts";
import { move, moveByCommit, termsOf } from "./carry_out.ts";
import type { DeliveryLetter, Done } from "./delivery_letter.ts";
import type { DeliveryState } from "./delivery_state.ts";
import { conditionOf } from "./log_rows.ts";
import { countDeliveries } from "./never_proved.ts";
import { endFlush, flushOnward } from "./offline_delivery.ts";
import { acceptSent } from "./outgoing.ts";
import { tellSettled } from "./own_effects.ts";
import { planAnew } from "./plan_input.ts";
import type { Tracked } from "./tracked.ts";

/** A device has proved receipt. */
export function onProved(state: DeliveryState, seqs: readonly number[], resource: string, by: Proof): void {
  const terms = termsOf(state);
  try {
    for (const seq of seqs) {
      const tracked = state.inFlight.get(seq);
      if (tracked === undefined) continue;
      if (tracked.flight.stage.kind === "offered") meterProof(state.node.meters, tracked, terms.now);
      move(state, tracked, { kind: "proved", resource, isWritten: tracked.isWritten, by }, terms);
    }
  } finally {
    tellSettled(state);
  }
  flushOnward(state);
}

function meterProof({ proofs }: Meters, { seq, isStored }: Tracked, now: number): void {
  (isStored ? proofs.stored : proofs.direct).add(Math.max(0, now - seqTime(seq)));
}

type Unproved = Extract<DeliveryLetter, { kind: "unproved" }>;

/** A session is over: all that it was given is planned again, in order, under the rules that are still undecided. */
export function onUnproved(state: DeliveryState, { seqs, session, ignored }: Unproved): void | Promise<void> {
  const isKnown = state.isLive(session);
  if (isKnown) state.noteDead(session);
  // The first news of its end speaks for all: what it was given last may come back behind newer messages.
  const isOwed = (seq: number) => hasIn(state.inFlight.get(seq), session);
  if (isKnown || seqs.length === 0 || seqs.some(isOwed)) lose(state, [...state.inFlight.keys()], session, false);
  if (ignored !== true) return planAgain(state);
  // Its client has let a request for proof pass, and ended its stream in order.
  const lost = state.toPlan;
  state.toPlan = [];
  return countDeliveries(state, lost).then((left) => {
    state.toPlan.push(...left);
    planAgain(state);
  });
}

/** A session that was resumed will not send them again: their time is over, unless another device has them. */
export function onLateThere(state: DeliveryState, seqs: readonly number[], session: SessionId): void {
  lose(state, seqs, session, true);
  planAgain(state);
}

function lose(state: DeliveryState, seqs: readonly number[], session: SessionId, isLate: boolean): void {
  const terms = termsOf(state);
  for (const seq of seqs) {
    const tracked = state.inFlight.get(seq);
    if (tracked !== undefined && hasIn(tracked, session))
      move(state, tracked, { kind: "lost", session, isLate }, terms);
  }
}

function hasIn(tracked: Tracked | undefined, session: SessionId): boolean {
  const stage = tracked?.flight.stage;
  return stage?.kind === "offered" && stage.to.includes(session);
}

/** No session was there to take it. */
export function onAgain(state: DeliveryState, seq: number): void {
  const tracked = state.inFlight.get(seq);
  if (tracked?.flight.stage.kind !== "offered" || tracked.flight.stage.to.length > 0) return;
  state.toPlan.push({ tracked, forward: true });
  planAgain(state);
}

/** Plans what steps have asked for, in order, by what the sessions answer now. */
function planAgain(state: DeliveryState): void {
  const { toPlan } = state;
  state.toPlan = [];
  const answers = toPlan.length === 0 ? [] : state.answers();
  for (const { tracked, forward } of toPlan) {
    const plan = planAnew(state, tracked, answers, { forward });
    const sessions = plan.kind === "direct" ? state.sessionsOf(plan.resources) : [];
    move(state, tracked, { kind: "planned", plan, sessions });
  }
  tellSettled(state);
  if (!state.ready) endFlush(state);
  else if (state.flush !== undefined) flushOnward(state);
  else if (state.hasPending && state.flushDue === 0) state.self().tell({ kind: "flush", seenUntil: 0 });
}

/** The forwarding address has answered: the message is durable there, or has ended. The first answer counts. */
export function onAnswered(state: DeliveryState, seq: number, outcome: Outcome | undefined): void {
  const tracked = state.inFlight.get(seq);
  if (tracked === undefined) return;
  move(state, tracked, { kind: "answered", outcome });
  if (state.toPlan.length > 0) planAgain(state);
}

export function onCommitted(state: DeliveryState, seqs: readonly number[]): void {
  const terms = termsOf(state);
  for (const seq of seqs) {
    const tracked = state.inFlight.get(seq);
    if (tracked !== undefined) move(state, tracked, { kind: "committed" }, terms);
    else acceptSent(state, seq);
  }
}

export function onRefused(state: DeliveryState, seqs: readonly number[], fault: StoreFault): void {
  const terms = termsOf(state);
  const condition = conditionOf(fault);
  for (const seq of seqs) {
    const tracked = state.inFlight.get(seq);
    if (tracked === undefined) {
      state.noteUnkept(fault);
      acceptSent(state, seq);
      continue;
    }
    tracked.kept = false;
    move(state, tracked, { kind: "refused", condition }, terms);
  }
}

/** The transaction that was to rest or end a message. */
export function onDone(state: DeliveryState, done: Done): void {
  if (!moveByCommit(state, done)) return;
  tellSettled(state);
  flushOnward(state);
}
