/** Messages go to the far end, one of each lane at a time, until it has answered; deadlines (XEP-0079 3.3.2) go before. @module */
import type { NonePlan } from "../../amp/plan.ts";
import { seqTime } from "../../store/sequence.ts";
import { move } from "../delivery/carry_out.ts";
import type { OwnEffect } from "../delivery/holder.ts";
import type { Tracked } from "../delivery/tracked.ts";
import { attempt, pauseAfter } from "./attempt.ts";
import { keepOrLeave, readMore } from "./backlog.ts";
import type { HopAnswer } from "./hop.ts";
import type { HopState } from "./hop_state.ts";
import type { Lane } from "./lanes.ts";

/** Attempts under way at a time. */
const MAX_SENDING = 16;

const REFUSED: NonePlan = { kind: "none", reason: "no-account", silent: false };

export function carryOutOwn(state: HopState, tracked: Tracked, effect: OwnEffect): void {
  switch (effect.kind) {
    case "queue":
      if (keepOrLeave(state, tracked)) proceed(state, state.lanes.add(tracked));
      return;
    case "plan":
      return move(state, tracked, { kind: "planned", plan: REFUSED, sessions: [] });
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
  if (state.sending >= MAX_SENDING || state.isStopped) return;
  if (!isQueued(tracked)) return;
  move(state, tracked, { kind: "due", isReachable: false });
  if (!isQueued(tracked) || lane.messages[0] !== tracked) return;
  lane.isSending = true;
  lane.attempts++;
  state.sending++;
  attempt(state, tracked, lane.attempts).then((answer) =>
    state.self().tell({ kind: "answered", seq: tracked.seq, answer }),
  );
}

function isQueued({ flight: { stage } }: Tracked): boolean {
  return stage.kind === "handed";
}

export function onAnswered(state: HopState, seq: number, answer: HopAnswer | Error): void {
  state.sending--;
  const tracked = state.inFlight.get(seq);
  const lane = tracked && state.lanes.of(tracked);
  if (tracked !== undefined && lane?.messages[0] === tracked) take(state, tracked, lane, answer);
  for (const other of state.lanes.all()) {
    if (state.sending >= MAX_SENDING) break;
    proceed(state, other);
  }
}

function take(state: HopState, tracked: Tracked, lane: Lane, answer: HopAnswer | Error): void {
  lane.isSending = false;
  state.node.meters.attempts[answer instanceof Error ? "failed" : answer]++;
  if (tracked.timeline !== undefined) {
    const told = answer instanceof Error ? "no-answer" : answer;
    const step = { kind: "handed", to: state.owner.text, attempt: lane.attempts, answer: told } as const;
    state.node.timelines.note(tracked.timeline, [step]);
  }
  if (answer === "taken") return move(state, tracked, { kind: "answered", outcome: state.options.outcome });
  if (answer === "refused") return refuse(state, tracked);
  const { node, owner, options, self } = state;
  node.log.warn("hop gives no answer", { domain: owner.text, attempt: lane.attempts, error: answer.message });
  const pause = pauseAfter(lane.attempts);
  if (node.now() + pause - seqTime(tracked.seq) > options.retryMs) return refuse(state, tracked);
  lane.cancelPause = node.schedule(pause, () => self().tell({ kind: "retry", seq: tracked.seq }));
}

/** For good, or for too long: nothing delivers it. */
function refuse(state: HopState, tracked: Tracked): void {
  move(state, tracked, { kind: "answered", outcome: { kind: "none", condition: "service-unavailable" } });
}

export function onRetry(state: HopState, seq: number): void {
  const tracked = state.inFlight.get(seq);
  const lane = tracked && state.lanes.of(tracked);
  if (lane === undefined || lane.messages[0] !== tracked) return;
  lane.cancelPause = undefined;
  proceed(state, lane);
}
