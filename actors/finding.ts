/** What would become of a message where it was asked about, found out by what decides, without deciding it. @module */
import type { Verdict } from "../amp/evaluate.ts";
import type { Outcome } from "../amp/outcome.ts";
import type { Plan } from "../amp/plan.ts";
import type { Rule } from "../amp/rule.ts";
import type { RuleState } from "../amp/rule_state.ts";
import type { StanzaErrorCondition } from "../xmpp/errors.ts";

export type Finding =
  /** Its sender would get this error, before any rule is held against a plan. */
  | { readonly kind: "refused"; readonly condition: StanzaErrorCondition }
  /** It would end before its rules are read. */
  | { readonly kind: "ended"; readonly outcome: Outcome }
  /** Nothing tells what its destination would do. */
  | { readonly kind: "unknown" }
  | Judged;

/** Rules were held against a plan. */
export interface Judged {
  readonly kind: "judged";
  readonly plan: Plan;
  readonly rules: readonly Rule[];
  readonly verdict: Verdict;
  readonly perHop: boolean;
  /** Milliseconds since 1970. */
  readonly at: number;
  /** Where the plan is carried out in full; a forwarding address may refuse. */
  readonly outcome: Outcome;
  /** The rules that a forwarding address would get. */
  readonly carried?: RuleState | undefined;
}
