/** What would become of a message, in words: XEP-0079 2.2 without carrying anything out. @module */
import type { Explained } from "../actors/explain.ts";
import type { Judged } from "../actors/finding.ts";
import type { Outcome } from "../amp/outcome.ts";
import type { NoneReason, Plan } from "../amp/plan.ts";
import type { Action, Rule } from "../amp/rule.ts";

export interface ExplainedRule {
  readonly rule: Rule;
  readonly state: "met" | "not met" | "behind a rule that was met" | "may be met later";
  /** In plain words. */
  readonly why: string;
}

export interface Explanation {
  /** Undefined: nothing tells what the destination does, or the message is refused before. */
  readonly plan: (Plan & { readonly why: string }) | undefined;
  /** In their order. */
  readonly rules: readonly ExplainedRule[];
  /** The outcome that follows while everything stays as it is; `direct` names the first of the resources. */
  readonly outcome: Outcome | undefined;
  /** Of the rule that is met; `default`: none is, the plan is carried out. */
  readonly action: Action | "default";
}

const REASONS: Readonly<Record<NoneReason, string>> = {
  "no-account": "there is no such account",
  blocked: "a block list keeps it from the recipient",
  "no-storage": "nobody is there, and nothing is stored for the recipient",
  "storage-full": "nobody is there, and the storage of the recipient is full",
  "not-storable": "nobody is there who takes it, and a message of this kind is not stored",
  "no-route": "nothing serves the domain",
};

export function explanationOf({ finding, outcome }: Explained): Explanation {
  if (finding.kind !== "judged") return { plan: undefined, rules: [], outcome, action: "default" };
  const { plan, rules, verdict } = finding;
  const met = verdict.kind === "default" ? verdict.notify : verdict;
  return {
    plan: { ...plan, why: whyPlan(plan) },
    rules: rules.map((rule, index) => explained(finding, rule, index, met?.index)),
    outcome,
    action: met?.rule.action ?? "default",
  };
}

function whyPlan(plan: Plan): string {
  switch (plan.kind) {
    case "direct":
      return `these resources take it: ${plan.resources.join(", ")}`;
    case "stored":
      return "nobody is there who takes it, so that it is stored";
    case "forward":
      return `nobody is there who takes it, and the recipient forwards to ${plan.to}`;
    case "gateway":
      return "the domain is served by a queue to something beyond this server";
    case "none":
      return REASONS[plan.reason];
    default:
      return plan satisfies never;
  }
}

function explained(finding: Judged, rule: Rule, index: number, met: number | undefined): ExplainedRule {
  if (index === met) return { rule, state: "met", why: whyCondition(finding, rule) };
  const waits = finding.plan.kind !== "none" && finding.verdict.kind === "default";
  if (met !== undefined && index > met) {
    // Until its report is true, a `notify` closes nothing: time may meet a later rule before.
    if (rule.condition === "expire-at" && isPending(finding)) {
      return { rule, state: "may be met later", why: `rule ${met + 1} is not told before its proof` };
    }
    return { rule, state: "behind a rule that was met", why: `rule ${met + 1} ends the processing` };
  }
  const state = rule.condition === "expire-at" && waits ? "may be met later" : "not met";
  return { rule, state, why: whyCondition(finding, rule) };
}

function isPending({ verdict }: Judged): boolean {
  return verdict.kind === "default" && verdict.notify !== undefined && verdict.notify.when !== "now";
}

function whyCondition({ plan, perHop }: Judged, rule: Rule): string {
  switch (rule.condition) {
    case "deliver":
      return `the action for the message is ${plan.kind}`;
    case "expire-at":
      return `the time is ${rule.value}`;
    case "match-resource":
      if (perHop) return "the rules apply per hop, where match-resource is ignored";
      return plan.kind === "direct"
        ? `it goes to ${plan.resources.join(", ")}`
        : `it goes to no resource: ${plan.kind}`;
    default:
      return rule satisfies never;
  }
}
