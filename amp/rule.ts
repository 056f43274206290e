/** The rules of XEP-0079 as values. Sections 3.3 (conditions), 3.4 (actions) and 4.2 (the rule element). @module */

export const CONDITIONS = ["deliver", "expire-at", "match-resource"] as const;
export const ACTIONS = ["alert", "drop", "error", "notify"] as const;
export const DELIVER_VALUES = ["direct", "stored", "none", "forward", "gateway"] as const;
export const MATCH_VALUES = ["any", "exact", "other"] as const;

export type Condition = (typeof CONDITIONS)[number];
export type Action = (typeof ACTIONS)[number];
export type DeliverValue = (typeof DELIVER_VALUES)[number];
export type MatchValue = (typeof MATCH_VALUES)[number];

/** XEP-0079 3.3.1. */
export interface DeliverRule {
  readonly condition: "deliver";
  readonly action: Action;
  readonly value: DeliverValue;
}

/** XEP-0079 3.3.2. `value` is the DateTime as the sender wrote it, `at` the same instant in ms since 1970. */
export interface ExpireAtRule {
  readonly condition: "expire-at";
  readonly action: Action;
  readonly value: string;
  readonly at: number;
}

/** XEP-0079 3.3.3. */
export interface MatchResourceRule {
  readonly condition: "match-resource";
  readonly action: Action;
  readonly value: MatchValue;
}

/** One valid rule, supported by this server. Its attributes are quoted in replies exactly as they were sent. */
export type Rule = DeliverRule | ExpireAtRule | MatchResourceRule;

/** A rule as it was sent, valid or not; attributes that were not there are left out. Every `Rule` is one too. */
export interface QuotedRule {
  readonly condition?: string;
  readonly action?: string;
  readonly value?: string;
}

/** XEP-0079 6.1: the application-specific conditions of a refusal, in the order in which they take precedence. */
export const FAULT_KINDS = ["invalid-rules", "unsupported-actions", "unsupported-conditions"] as const;
export type FaultKind = (typeof FAULT_KINDS)[number];

/** Why a request is refused: one kind, with every rule of that kind. `rules` is empty when the request had none. */
export interface RuleFault {
  readonly kind: FaultKind;
  readonly rules: readonly QuotedRule[];
  /** Explains the fault to a person, where the kind alone does not. */
  readonly text?: string;
}

const includes = (list: readonly string[], text: string): boolean => list.includes(text);

export const isCondition = (text: string): text is Condition => includes(CONDITIONS, text);
export const isAction = (text: string): text is Action => includes(ACTIONS, text);
export const isDeliverValue = (text: string): text is DeliverValue => includes(DELIVER_VALUES, text);
export const isMatchValue = (text: string): text is MatchValue => includes(MATCH_VALUES, text);
