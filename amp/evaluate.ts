/**
 * Which rule decides: XEP-0079 2.2.3, over the plan of 2.2.2.
 *
 * Rules are taken in order and the first whose condition is met ends the processing, `notify` included: a later rule
 * never revokes the delivery that an earlier `notify` has allowed.
 *
 * A rule is *undecided* until its event goes out; then its index is in `fired`. Processing ended at the fired rule, so
 * that rule and every later one are closed; only earlier rules can still be met, by time. A message is evaluated again,
 * with the undecided rules, when
 * - its direct delivery was not proved and the session is gone: plan again, then `evaluate`. A `notify` for
 *   `deliver=direct` that was waiting for proof has not fired, so [notify direct, notify stored] ends as stored and is
 *   reported as stored, and [error stored] gives its error in place of the storage;
 * - it waits (in storage, or unproven in a session without a live connection): `expired` alone. `deliver` and
 *   `match-resource` describe the action at receipt (3.3.1), so a later delivery from storage does not meet them.
 * @module
 */
import type { Plan } from "./plan.ts";
import type { Action, DeliverValue, MatchResourceRule, Rule } from "./rule.ts";

/** Indexes of the rules whose event went out. */
export type Fired = ReadonlySet<number>;

export const NOTHING_FIRED: Fired = new Set<number>();

export interface RuleContext {
  /** ms since 1970 */
  readonly now: number;
  /** The address as the sender wrote it; `resource` is "" for a bare JID. */
  readonly to: { readonly resource: string };
  /** 3.3.3: `match-resource` is ignored when the rules apply per hop. Default false. */
  readonly perHop?: boolean;
  readonly fired?: Fired;
}

/** A rule whose condition is met, with its place in the list. */
export interface Met {
  readonly index: number;
  readonly rule: Rule;
}

/**
 * When the event of a `notify` rule becomes true and may be sent:
 * `now`; `received`, on proof of receipt; `stored`, after the commit; `handed-over`, when the forwarding address or the
 * gateway has taken the message. An event that never becomes true leaves its rule undecided.
 */
export type NotifyMoment = "now" | "received" | "stored" | "handed-over";

export type Verdict =
  | {
      /** Carry out the plan. */
      readonly kind: "default";
      /** The one event that goes with it. With a plan of `none` the ordinary error is sent as well. */
      readonly notify: (Met & { readonly when: NotifyMoment }) | undefined;
    }
  | ({
      /** Carry out the rule instead of the plan. */
      readonly kind: Exclude<Action, "notify">;
    } & Met);

const NOTHING_MET: Verdict = { kind: "default", notify: undefined };

const MOMENTS: Readonly<Record<DeliverValue, NotifyMoment>> = {
  direct: "received",
  stored: "stored",
  none: "now",
  forward: "handed-over",
  gateway: "handed-over",
};

export function evaluate(rules: readonly Rule[], plan: Plan, context: RuleContext): Verdict {
  const index = firstMet(rules, plan, context);
  if (index < 0) return NOTHING_MET;
  const rule = rules[index]!;
  if (rule.action !== "notify") return { kind: rule.action, index, rule };
  return { kind: "default", notify: { index, rule, when: momentOf(rule) } };
}

/**
 * The first undecided `expire-at` that is due for a waiting message, or undefined. Any action but `notify` takes the
 * message out of storage.
 */
export function expired(rules: readonly Rule[], fired: Fired, now: number): Met | undefined {
  for (let index = 0; index < rules.length && !fired.has(index); index++) {
    const rule = rules[index]!;
    if (rule.condition === "expire-at" && rule.at <= now) return { index, rule };
  }
  return undefined;
}

/** The earliest undecided `expire-at` in ms since 1970, or undefined when time cannot meet any rule any more. */
export function nextDeadline(rules: readonly Rule[], fired: Fired): number | undefined {
  let earliest: number | undefined;
  for (let index = 0; index < rules.length && !fired.has(index); index++) {
    const rule = rules[index]!;
    if (rule.condition === "expire-at" && (earliest === undefined || rule.at < earliest)) earliest = rule.at;
  }
  return earliest;
}

/** The index of that rule; -1: none is met. */
function firstMet(rules: readonly Rule[], plan: Plan, context: RuleContext): number {
  const fired = context.fired ?? NOTHING_FIRED;
  for (let index = 0; index < rules.length && !fired.has(index); index++) {
    if (isMet(rules[index]!, plan, context)) return index;
  }
  return -1;
}

function isMet(rule: Rule, plan: Plan, context: RuleContext): boolean {
  switch (rule.condition) {
    case "deliver":
      return rule.value === plan.kind;
    case "expire-at":
      return rule.at <= context.now;
    case "match-resource":
      return !context.perHop && matches(rule, plan, context.to.resource);
    default:
      return rule satisfies never;
  }
}

const STORAGE: readonly string[] = [""];
const NOWHERE: readonly string[] = [];

/**
 * XEP-0079 3.3.3. Storage is a destination without resource: `exact` for a bare JID, and for a full JID `other`,
 * as in the example of 5.1, where the intended resource has gone. Forwarding, gateways and failure match nothing.
 */
function matches(rule: MatchResourceRule, plan: Plan, intended: string): boolean {
  const destinations = plan.kind === "direct" ? plan.resources : plan.kind === "stored" ? STORAGE : NOWHERE;
  if (destinations.length === 0) return false;
  switch (rule.value) {
    case "any":
      return !areAll(destinations, "");
    case "exact":
      return areAll(destinations, intended);
    case "other":
      return !areAll(destinations, intended);
    default:
      return rule.value satisfies never;
  }
}

function areAll(resources: readonly string[], wanted: string): boolean {
  for (const resource of resources) if (resource !== wanted) return false;
  return true;
}

function momentOf(rule: Rule): NotifyMoment {
  return rule.condition === "deliver" ? MOMENTS[rule.value] : "now";
}
