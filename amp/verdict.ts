import { evaluate, expired, type RuleContext, type Verdict } from "./evaluate.ts";
import type { Plan } from "./plan.ts";
import type { RuleState } from "./rule_state.ts";

/**
 * As `evaluate`, for the rules of one message; if they are settled, only time can still meet one. `now`: ms since 1970.
 */
export function verdictOn(state: RuleState, plan: Plan, now: number): Verdict {
  const { rules, fired, perHop, recipient } = state;
  if (!state.settled) {
    const context: RuleContext = { now, to: recipient, fired, perHop };
    return evaluate(rules, plan, context);
  }
  const late = expired(rules, fired, now);
  if (late === undefined) return { kind: "default", notify: undefined };
  if (late.rule.action === "notify") return { kind: "default", notify: { ...late, when: "now" } };
  return { kind: late.rule.action, ...late };
}
