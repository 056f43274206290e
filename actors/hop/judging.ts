/**
 * Rules at a queue: XEP-0079 2.1.2. Behind a gateway nobody else judges them. Towards another server those that apply per hop are
 * held against what this hop does; of the others time alone is judged here, and that nothing delivers the message.
 * @module
 */
import type { Verdict } from "../../amp/evaluate.ts";
import type { Plan } from "../../amp/plan.ts";
import type { RuleState } from "../../amp/rule_state.ts";
import { verdictOn } from "../../amp/verdict.ts";
import type { Tracked } from "../delivery/tracked.ts";
import type { HopOptions } from "./hop.ts";
import type { HopState } from "./hop_state.ts";

export const TO_GATEWAY: Plan = { kind: "gateway" };
/** Routed on. */
const TO_SERVER: Plan = { kind: "direct", resources: [""] };
/** The next server cannot be reached: it lies here. */
const HELD_UP: Plan = { kind: "stored" };

/** What becomes of a message here. */
export function planOf({ options, isHeldUp }: HopState): Plan {
  if (endsHere(options)) return TO_GATEWAY;
  return isHeldUp ? HELD_UP : TO_SERVER;
}

export function verdictAtHop(state: HopState, rules: RuleState): Verdict {
  return verdictOn(judgedHere(state, rules), planOf(state), state.node.now());
}

/** Those for the next server meet nothing here but time. */
export function judgedHere(state: HopState, rules: RuleState): RuleState {
  return isJudgedHere(state, rules) ? rules : { ...rules, settled: true };
}

/** The next server may have it, and has its rules: it decides whether the message has come in time, and not who cannot know. */
export function isLeftToNext({ options }: HopState, { mayBeTaken }: Tracked): boolean {
  return mayBeTaken && !endsHere(options) && options.next?.decidesHere() === false;
}

/** Whether they are held against what this hop does. */
export function isJudgedHere({ options, isHeldUp }: HopState, { perHop }: RuleState): boolean {
  const { next } = options;
  return endsHere(options) || perHop || (isHeldUp && next?.decidesHere() === true);
}

/** Nobody behind this hop processes rules. */
export function endsHere({ next }: HopOptions): boolean {
  return next === undefined || next.isGateway?.() === true;
}
