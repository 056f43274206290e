/**
 * The message goes to another hop: to the recipient's forwarding address, which answers for it once it holds or has delivered
 * it, or through a durable queue to something that takes or refuses it.
 * @module
 */
import { type Met, NOTHING_FIRED } from "../../../amp/evaluate.ts";
import type { Outcome } from "../../../amp/outcome.ts";
import type { NonePlan, Plan } from "../../../amp/plan.ts";
import type { RuleState } from "../../../amp/rule_state.ts";
import { verdictOn } from "../../../amp/verdict.ts";
import { end, fire, giveUp, takeBack, uncount } from "./ends.ts";
import { type Change, type Event, type Flight, type Step, type Terms, unmoved, withRow } from "./flight.ts";

type Answered = Extract<Event, { kind: "answered" }>;

export function forward(flight: Flight, to: string, onTaken: Met | undefined): Step {
  const handed: Flight = { ...flight, stage: { kind: "handed", onTaken, queued: false } };
  return { flight: handed, effects: [{ kind: "forward", to, rules: carriedOn(flight.rules, onTaken) }] };
}

/** Only what a commit has taken is handed over. */
export function queue(flight: Flight, onTaken: Met | undefined): Step {
  const queued: Flight = { ...flight, stage: { kind: "handed", onTaken, queued: true } };
  return { flight: queued, effects: flight.row.log === "durable" ? [{ kind: "queue" }] : [] };
}

/**
 * The rules that are still undecided once the report of this hop has gone out (amp/evaluate.ts). Unless they apply per hop they
 * were held against what this server does, and only time can still meet one (XEP-0079 2.1.2).
 */
export function carriedOn(rules: RuleState | undefined, onTaken: Met | undefined): RuleState | undefined {
  if (rules === undefined) return undefined;
  const closedFrom = Math.min(rules.rules.length, ...rules.fired, ...(onTaken ? [onTaken.index] : []));
  if (closedFrom === 0) return undefined;
  return { ...rules, rules: rules.rules.slice(0, closedFrom), fired: NOTHING_FIRED, settled: !rules.perHop };
}

/** What the hop refuses is planned again as if there were none. */
export function onAnswered(flight: Flight, { outcome }: Answered, terms: Terms): Step {
  const { stage, row } = flight;
  if (stage.kind !== "handed") return unmoved(flight);
  if (isDeclined(outcome)) {
    return {
      flight: { ...flight, stage: { ...stage, onTaken: undefined } },
      effects: [{ kind: "plan", forward: false }],
    };
  }
  const changes: readonly Change[] = row.waits ? ["settle"] : [];
  const ruled = isRuled(outcome);
  const ended = end(withRow(flight, { counted: false }), terms, {
    outcome: ruled || (outcome !== undefined && stage.queued) ? outcome : { kind: "forwarded" },
    changes,
    report: ruled ? undefined : stage.onTaken,
  });
  return { flight: ended.flight, effects: [...uncount(flight), ...ended.effects] };
}

const LIES_HERE: Plan = { kind: "stored" };

/** Rules of which this hop decides are held against that: XEP-0079 3.3.1 `deliver=stored`. */
export function onHeldUp(flight: Flight, terms: Terms): Step {
  const { stage, rules } = flight;
  if (stage.kind !== "handed" || !stage.queued || rules === undefined) return unmoved(flight);
  const verdict = verdictOn(rules, LIES_HERE, terms.now);
  if (verdict.kind !== "default") return takeBack(flight, terms, verdict);
  const { notify } = verdict;
  const held: Flight = { ...flight, stage: { ...stage, onTaken: undefined } };
  if (notify === undefined) return unmoved(held);
  return { flight: { ...held, rules: fire(rules, notify) }, effects: [{ kind: "fire", met: notify, rules }] };
}

/** The ordinary error says so; no rule is held against it. */
export function onTurnedAway(flight: Flight, terms: Terms): Step {
  const { stage } = flight;
  if (stage.kind !== "handed" || !stage.queued) return unmoved(flight);
  return giveUp(flight, terms, TURNED_AWAY, undefined);
}

const TURNED_AWAY: NonePlan = { kind: "none", reason: "no-route", silent: false, condition: "service-unavailable" };

/** The hop does not take it. */
export function isDeclined(outcome: Outcome | undefined): boolean {
  return outcome?.kind === "none" || (outcome?.kind === "dropped" && outcome.rule === undefined);
}

/** A rule has ended it there. */
export function isRuled(outcome: Outcome | undefined): outcome is Extract<Outcome, { kind: "dropped" | "expired" }> {
  return outcome?.kind === "dropped" || outcome?.kind === "expired";
}
