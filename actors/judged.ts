/** What the rules of a message make of a plan, as a finding. XEP-0079 section 2.2. @module */
import type { Verdict } from "../amp/evaluate.ts";
import type { Outcome } from "../amp/outcome.ts";
import { ordinaryError, type Plan } from "../amp/plan.ts";
import type { RuleState } from "../amp/rule_state.ts";
import { verdictOn } from "../amp/verdict.ts";
import { ruledOut } from "./delivery/flight/ends.ts";
import type { Judged } from "./finding.ts";

const DEFAULT: Verdict = { kind: "default", notify: undefined };

/** What the rules make of that plan. */
export function judged(rules: RuleState | undefined, plan: Plan, now: number): Judged {
  const verdict = rules === undefined ? DEFAULT : verdictOn(rules, plan, now);
  const outcome = verdict.kind === "default" ? outcomeOf(plan) : ruledOut(verdict);
  return { kind: "judged", plan, rules: rules?.rules ?? [], verdict, perHop: rules?.perHop ?? false, at: now, outcome };
}

function outcomeOf(plan: Plan): Outcome {
  switch (plan.kind) {
    case "direct":
      return { kind: "direct", resource: plan.resources[0]! };
    case "stored":
      return { kind: "stored" };
    case "forward":
      return { kind: "forwarded" };
    case "gateway":
      return { kind: "gateway" };
    case "none": {
      const condition = ordinaryError(plan);
      return condition === undefined ? { kind: "dropped" } : { kind: "none", condition };
    }
    default:
      return plan satisfies never;
  }
}
