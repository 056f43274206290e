/** The ways in which a message ends or comes to rest. @module */
import type { Met } from "../../../amp/evaluate.ts";
import type { Outcome } from "../../../amp/outcome.ts";
import { type NonePlan, ordinaryError } from "../../../amp/plan.ts";
import type { RuleState } from "../../../amp/rule_state.ts";
import type { Change, Effect, Ending, Flight, Row, Step, StoreCondition, Terms } from "./flight.ts";
import { withRow } from "./flight.ts";

export interface End {
  readonly outcome: Outcome;
  readonly changes: readonly Change[];
  readonly report?: Met | undefined;
  readonly bounce?: Ending["bounce"];
  readonly alone?: boolean;
}

const NO_CHANGES: readonly Change[] = [];

/** Nobody answers for it any more. */
export function over(effects: readonly Effect[], outcome: Outcome | undefined, isLast = false): Step {
  return {
    flight: undefined,
    effects: [...effects, isLast ? { kind: "over", outcome, isLast } : { kind: "over", outcome }],
  };
}

/** The same, but who counts the message goes on waiting for the commit of what an archive keeps of it. */
export function overWhenKept(flight: Flight, effects: readonly Effect[], outcome: Outcome): Step {
  const { audience, row } = flight;
  if (audience === "none" || !row.archived || row.log !== "queued") return over(effects, outcome);
  return {
    flight: { ...withRow(flight, { waits: false, counted: false }), stage: { kind: "proved" } },
    effects: [...effects, { kind: "tell", outcome }],
  };
}

/** Ends a message: what takes it away and the report of it are one transaction, and what is told of it comes after. */
export function end(flight: Flight, terms: Terms, { outcome, changes, report, bounce, alone = false }: End): Step {
  const ending: Ending = { kind: "end", report, outcome, bounce, hasRow: false };
  if (changes.length > 0 || isLogged(report, flight.rules, terms)) {
    return {
      flight: { ...flight, stage: { kind: "ending", ending } },
      effects: [{ kind: "commit", changes, ending, alone }],
    };
  }
  return overWhenKept(flight, [...uncount(flight), ...tellEnding(ending, "never")], outcome);
}

/** The end of a message that never got further: what somebody counts on is told when the report is in the log. */
export function endAtArrival(flight: Flight, terms: Terms, given: End): Step {
  const { report, outcome } = given;
  const bounce = mayBounce(flight) ? given.bounce : undefined;
  if (flight.audience !== "none") return end(flight, terms, { ...given, bounce });
  const effects: Effect[] = [];
  if (report !== undefined) {
    effects.push({ kind: "report", met: report, logged: isLogged(report, flight.rules, terms) ? "now" : "never" });
  }
  if (bounce !== undefined) effects.push({ kind: "bounce", condition: bounce, type: undefined });
  return over(effects, outcome);
}

/** The report of the rule, then the ordinary error (XEP-0079 2.2.3: the action of the rule, then the default). */
export function tellEnding({ report, bounce }: Ending, logged: "done" | "never"): Effect[] {
  const effects: Effect[] = [];
  if (report !== undefined) effects.push({ kind: "report", met: report, logged });
  if (bounce !== undefined) effects.push({ kind: "bounce", condition: bounce, type: undefined });
  return effects;
}

/** A rule takes the message out. */
export function takeBack(flight: Flight, terms: Terms, met: Met): Step {
  return end(flight, terms, { outcome: ruledOut(met), changes: withdrawal(flight.row), report: met });
}

export function ruledOut(met: Met): Outcome {
  return met.rule.condition === "expire-at" ? { kind: "expired", rule: met.rule } : { kind: "dropped", rule: met.rule };
}

/** Nothing will deliver it after all. */
export function giveUp(flight: Flight, terms: Terms, plan: NonePlan, report: Met | undefined): Step {
  const condition = ordinaryError(plan);
  const outcome: Outcome = condition === undefined ? { kind: "dropped" } : { kind: "none", condition };
  const bounce = mayBounce(flight) ? condition : undefined;
  return end(flight, terms, { outcome, changes: withdrawal(flight.row), report, bounce });
}

/** Neither a report nor what a forwarding account has sent on, which decides by itself. */
function mayBounce({ notice, forwarded }: Flight): boolean {
  return !notice && !forwarded;
}

function withdrawal({ log }: Row): readonly Change[] {
  return log === "none" ? NO_CHANGES : ["withdraw"];
}

/** Back to storage: its row is there already, on its way, or is written now. */
export function rest(flight: Flight, terms: Terms, report: Met | undefined): Step {
  const { row, rules } = flight;
  if (row.log === "none" && !terms.offline) {
    return giveUp(flight, terms, { kind: "none", reason: "no-storage", silent: false }, undefined);
  }
  const hasRow = terms.offline && !row.waits;
  const changes: readonly Change[] = !terms.offline
    ? NO_CHANGES
    : hasRow
      ? ["append"]
      : rules === undefined
        ? NO_CHANGES
        : ["rules"];
  const rested = withRow({ ...flight, rules: rules && settled(rules, report) }, waiting(flight, terms));
  const effects: Effect[] = terms.offline ? [...countAs(flight, true), { kind: "wait" }] : [];
  if (changes.length === 0 && !isLogged(report, rules, terms)) {
    if (row.log === "durable") return over([...effects, ...reportOf(report, "never")], { kind: "stored" });
    return { flight: { ...rested, stage: { kind: "resting", ending: undefined, report } }, effects };
  }
  const ending: Ending = { kind: "rest", report, outcome: { kind: "stored" }, bounce: undefined, hasRow };
  return {
    flight: { ...rested, stage: { kind: "resting", ending, report } },
    effects: [...effects, { kind: "commit", changes, ending, alone: false }],
  };
}

function waiting({ row }: Flight, { offline }: Terms): Partial<Row> {
  return offline ? { waits: true, counted: true } : row;
}

/** The rules of a message that was stored: only time can still meet one. */
function settled(rules: RuleState, fired: Met | undefined): RuleState {
  return { ...(fired === undefined ? rules : fire(rules, fired)), settled: true };
}

export function fire(rules: RuleState, met: Met): RuleState {
  return { ...rules, fired: new Set([...rules.fired, met.index]) };
}

/** It lies in durable storage. */
export function rested(report: Met | undefined, logged: "done" | "never"): Step {
  return over(reportOf(report, logged), { kind: "stored" });
}

function reportOf(met: Met | undefined, logged: "done" | "never"): Effect[] {
  return met === undefined ? [] : [{ kind: "report", met, logged }];
}

/** The store took nothing of it: the sender learns that it is not stored. */
export function fail(flight: Flight, condition: StoreCondition): Step {
  const effects: Effect[] = uncount(flight);
  if (mayBounce(flight)) effects.push({ kind: "bounce", condition, type: "wait" });
  return over(effects, { kind: "none", condition });
}

/** Whether the report of that rule has a row in the log; `drop` has no report, and an application learns the outcome instead. */
export function isLogged(met: Met | undefined, rules: RuleState | undefined, { logsReports }: Terms): boolean {
  return met !== undefined && met.rule.action !== "drop" && logsReports && rules?.sender.local !== "";
}

export function uncount(flight: Flight): Effect[] {
  return countAs(flight, false);
}

function countAs({ row }: Flight, waits: boolean): Effect[] {
  return row.counted === waits ? [] : [{ kind: "count", waits }];
}

/** A rule that has fired closes all rules after it, also one that waits for proof. */
export function closeBehind(flight: Flight, index: number): Flight {
  const { stage } = flight;
  if (stage.kind !== "offered" || stage.onProof === undefined || stage.onProof.index < index) return flight;
  return { ...flight, stage: { ...stage, onProof: undefined } };
}
