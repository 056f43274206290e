/** Messages go to the far end, one of each lane at a time, until it has answered; deadlines (XEP-0079 3.3.2) go before. @module */
import type { NonePlan } from "../../amp/plan.ts";
import { serviceUnavailable } from "../../amp/reply.ts";
import { seqTime } from "../../store/sequence.ts";
import type { StanzaErrorCondition } from "../../xmpp/errors.ts";
import { move } from "../delivery/carry_out.ts";
import type { OwnEffect } from "../delivery/holder.ts";
import { ownDomain } from "../delivery/rule_events.ts";
import type { Tracked } from "../delivery/tracked.ts";
import { attempt, pauseAfter } from "./attempt.ts";
import { keepOrLeave, readMore } from "./backlog.ts";
import { type HopAnswer, UnprovedError } from "./hop.ts";
import type { HopState } from "./hop_state.ts";
import { endsHere, isJudgedHere, isLeftToNext } from "./judging.ts";
import type { Lane } from "./lanes.ts";

/** Attempts under way at a time. */
const MAX_SENDING = 16;

export function carryOutOwn(state: HopState, tracked: Tracked, effect: OwnEffect): void {
  switch (effect.kind) {
    case "queue":
      if (keepOrLeave(state, tracked)) enqueue(state, tracked);
      return;
    case "plan":
      return move(state, tracked, { kind: "planned", plan: refusedAs(tracked.refusedAs), sessions: [] });
    case "hold-back":
      // Its row stays, so that it is tried again after a restart, with the same id.
      return state.node.log.error("answer of hop not kept", { domain: state.owner.text, seq: tracked.seq });
    case "count":
      // The bounds of offline storage are those of accounts.
      return;
    default:
      throw new Error(`Cannot ${effect.kind} message: a hop has no sessions`);
  }
}

function refusedAs(condition: StanzaErrorCondition | undefined): NonePlan {
  const plan: NonePlan = { kind: "none", reason: "no-account", silent: false };
  return condition === undefined ? plan : { ...plan, condition };
}

function enqueue(state: HopState, tracked: Tracked): void {
  const lane = state.lanes.add(tracked);
  if (state.isHeldUp) holdUp(state, tracked);
  proceed(state, lane);
}

/** It lies here, since the next server cannot be reached. */
function holdUp(state: HopState, tracked: Tracked): void {
  const { rules } = tracked.flight;
  // At a gateway it is as if the first attempt were under way.
  if (rules === undefined || endsHere(state.options)) return;
  if (isJudgedHere(state, rules)) move(state, tracked, { kind: "held-up" });
}

/** Others in its lane come next. */
export function onOver(state: HopState, tracked: Tracked): void {
  const lane = state.lanes.remove(tracked);
  if (lane !== undefined) proceed(state, lane);
  readMore(state);
}

/** Hands over the first of a lane, unless it is under way or paused. */
function proceed(state: HopState, lane: Lane): void {
  const [tracked] = lane.messages;
  if (tracked === undefined || lane.isSending || lane.cancelPause !== undefined) return;
  if (state.sending >= mostSending(state) || state.isStopped) return;
  if (!isQueued(tracked)) return;
  move(state, tracked, { kind: "due", isReachable: isLeftToNext(state, tracked) });
  if (!isQueued(tracked) || lane.messages[0] !== tracked) return;
  lane.isSending = true;
  lane.attempts++;
  state.sending++;
  attempt(state, tracked, lane.attempts).then((answer) =>
    state.self().tell({ kind: "answered", seq: tracked.seq, answer }),
  );
}

function mostSending({ options: { next } }: HopState): number {
  return next?.attempts ?? MAX_SENDING;
}

function isQueued({ flight: { stage } }: Tracked): boolean {
  return stage.kind === "handed";
}

export function onAnswered(state: HopState, seq: number, answer: HopAnswer | Error): void {
  state.sending--;
  const tracked = state.inFlight.get(seq);
  const lane = tracked && state.lanes.of(tracked);
  if (tracked !== undefined && lane?.messages[0] === tracked) take(state, tracked, lane, answer);
  proceedAll(state);
}

function proceedAll(state: HopState): void {
  for (const lane of [...state.lanes.all()]) {
    if (state.sending >= mostSending(state)) break;
    proceed(state, lane);
  }
}

/** The far end says that it is there. */
export function onReachable(state: HopState): void {
  reached(state);
  proceedAll(state);
}

function take(state: HopState, tracked: Tracked, lane: Lane, answer: HopAnswer | Error): void {
  lane.isSending = false;
  const told = answer instanceof Error ? "no-answer" : answer === "taken" ? "taken" : "refused";
  state.node.meters.attempts[told === "no-answer" ? "failed" : told]++;
  if (tracked.timeline !== undefined) {
    const step = { kind: "handed", to: state.owner.text, attempt: lane.attempts, answer: told } as const;
    state.node.timelines.note(tracked.timeline, [step]);
  }
  if (answer instanceof Error) return tryAgain(state, tracked, lane, answer);
  reached(state);
  if (answer === "taken") return move(state, tracked, { kind: "answered", outcome: state.options.outcome });
  if (answer === "no-rules") return turnAway(state, tracked);
  refuse(state, tracked, answer === "refused" ? undefined : answer.condition);
}

/** Others need not wait for their next attempt. */
function reached(state: HopState): void {
  if (!state.isHeldUp) return;
  state.isHeldUp = false;
  for (const lane of state.lanes.all()) {
    lane.cancelPause?.();
    lane.cancelPause = undefined;
  }
}

function tryAgain(state: HopState, tracked: Tracked, lane: Lane, error: Error): void {
  const { node, owner, options, self } = state;
  const { next } = options;
  tracked.mayBeTaken ||= error instanceof UnprovedError;
  node.log.warn("hop gives no answer", { domain: owner.text, attempt: lane.attempts, error: error.message });
  const pause = pauseAfter(lane.attempts, next?.longestPauseMs);
  if (next !== undefined) holdUpAll(state);
  // A rule may have taken it out.
  if (!isQueued(tracked) || lane.messages[0] !== tracked) return;
  if (node.now() + pause - seqTime(tracked.seq) > options.retryMs) {
    return refuse(state, tracked, next && "remote-server-timeout");
  }
  lane.cancelPause = node.schedule(pause, () => self().tell({ kind: "retry", seq: tracked.seq }));
}

/** None of what waits can go on. */
function holdUpAll(state: HopState): void {
  state.isHeldUp = true;
  const waiting = [...state.lanes.all()].flatMap(({ messages, isSending }) => messages.slice(isSending ? 1 : 0));
  for (const tracked of waiting) if (isQueued(tracked)) holdUp(state, tracked);
}

/** XEP-0079 6.2.4. */
function turnAway(state: HopState, tracked: Tracked): void {
  const { rules } = tracked.flight;
  if (rules !== undefined) {
    const { sender, id } = rules;
    tracked.refusal = serviceUnavailable(rules.rules, { domain: ownDomain(state.node, rules), sender, id });
  }
  move(state, tracked, { kind: "turned-away" });
}

/** For good, or for too long: nothing delivers it. */
function refuse(state: HopState, tracked: Tracked, condition: StanzaErrorCondition = "service-unavailable"): void {
  tracked.refusedAs = condition;
  move(state, tracked, { kind: "answered", outcome: { kind: "none", condition } });
}

export function onRetry(state: HopState, seq: number): void {
  const tracked = state.inFlight.get(seq);
  const lane = tracked && state.lanes.of(tracked);
  if (lane === undefined || lane.messages[0] !== tracked) return;
  lane.cancelPause = undefined;
  proceed(state, lane);
}
