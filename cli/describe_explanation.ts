/** What would become of a message, as lines. @module */
import type { Outcome } from "../amp/outcome.ts";
import type { Explanation } from "../server/explaining.ts";

export function describeExplanation({ plan, rules, outcome, action }: Explanation): readonly string[] {
  return [
    row("plan", plan === undefined ? "none: the server does not come to one" : `${plan.kind}: ${plan.why}`),
    ...rules.map(({ rule, state, why }, index) =>
      row(`rule ${index + 1}`, `${rule.condition}=${rule.value} (${rule.action}): ${state}; ${why}`),
    ),
    row("action", action === "default" ? "default: the plan is carried out" : action),
    row("outcome", outcome === undefined ? "nothing tells what the destination does" : describeOutcome(outcome)),
  ];
}

export function describeOutcome(outcome: Outcome): string {
  switch (outcome.kind) {
    case "direct":
      return `direct: ${outcome.resource === "" ? "the destination" : outcome.resource}`;
    case "none":
      return `none: ${outcome.condition}`;
    case "dropped":
      return outcome.rule === undefined ? "dropped" : `dropped: ${ruleText(outcome.rule)}`;
    case "expired":
      return `expired: ${ruleText(outcome.rule)}`;
    default:
      return outcome.kind;
  }
}

export function ruleText(rule: {
  readonly condition: string;
  readonly value: string;
  readonly action: string;
}): string {
  return `${rule.condition}=${rule.value} (${rule.action})`;
}

function row(name: string, text: string): string {
  return `${name.padEnd(8)} ${text}`;
}
