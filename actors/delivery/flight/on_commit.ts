/** The store has taken the message's row, or has not. @module */
import { fail, over, rested, tellEnding, uncount } from "./ends.ts";
import {
  type Effect,
  type Ending,
  type Event,
  type Flight,
  type Step,
  type StoreCondition,
  unmoved,
  withRow,
} from "./flight.ts";

const ACCEPT: readonly Effect[] = [{ kind: "accept" }];
const ACCEPT_AND_QUEUE: readonly Effect[] = [...ACCEPT, { kind: "queue" }];

export function onCommitted(flight: Flight): Step {
  const { stage, row } = flight;
  const durable = row.log === "queued" ? withRow(flight, { log: "durable" }) : flight;
  switch (stage.kind) {
    case "offered":
      return accepted(durable);
    case "handed":
      // Who sent it on has its answer: this queue answers for the message from now on.
      return stage.queued
        ? accepted({ ...durable, forwarded: false }, ACCEPT_AND_QUEUE)
        : { flight: durable, effects: [] };
    case "proved":
      return over(ACCEPT, undefined);
    case "resting":
      return stage.ending === undefined ? rested(stage.report, "never") : { flight: durable, effects: [] };
    case "ending":
      return { flight: durable, effects: [] };
    default:
      return stage satisfies never;
  }
}

/** An XEP-0198 count may cover it; who counts needs nothing more. */
function accepted(flight: Flight, effects = ACCEPT): Step {
  return { flight: flight.audience === "count" ? { ...flight, audience: "none" } : flight, effects };
}

type Refused = Extract<Event, { kind: "refused" }>;

/** What no device may still prove is answered with an error, and never called stored. */
export function onRefused(flight: Flight, { condition }: Refused): Step {
  const { stage, row } = flight;
  const effects: Effect[] = row.waits && stage.kind === "offered" ? [{ kind: "watch" }] : [];
  const rowless = withRow(flight, { log: "none", waits: false, archived: false });
  if (stage.kind === "proved") return over(ACCEPT, undefined);
  if (stage.kind === "resting" && stage.ending === undefined) return fail(rowless, condition);
  if (stage.kind === "handed" && stage.queued) return fail(rowless, condition);
  return { flight: rowless, effects };
}

type Done = Extract<Event, { kind: "done" }>;

export function onDone(flight: Flight, { fault }: Done): Step {
  const { stage } = flight;
  const ending = stage.kind === "resting" || stage.kind === "ending" ? stage.ending : undefined;
  if (ending === undefined) return unmoved(flight);
  if (fault !== undefined) return undone(flight, ending, fault, []);
  // The transaction is committed, but the row itself was refused before: nothing is stored, and no report may say so.
  if (ending.kind === "rest" && !ending.hasRow && flight.row.log === "none") {
    return undone(flight, ending, "internal-server-error", [{ kind: "unreport" }]);
  }
  if (ending.kind === "rest") return rested(ending.report, "done");
  return over([...uncount(flight), ...tellEnding(ending, "done")], ending.outcome);
}

/** What lies in the log stays there, its rules as they were: a later flush, or its deadline, finds it. */
function undone(flight: Flight, ending: Ending, condition: StoreCondition, before: readonly Effect[]): Step {
  const effects: Effect[] = [...before, { kind: "log", condition }];
  if (ending.outcome.kind === "direct") return concludeUnlogged(flight, ending, effects);
  const { log, waits } = flight.row;
  if (log !== "durable" || !waits) {
    const failed = fail(flight, condition);
    return { flight: failed.flight, effects: [...effects, ...failed.effects] };
  }
  return over([...effects, { kind: "hold-back" }], { kind: "stored" });
}

/** A device has it, whatever the store can do: no error may follow. Its row goes when the store takes writes again. */
function concludeUnlogged(flight: Flight, { report, outcome }: Ending, before: readonly Effect[]): Step {
  const effects: Effect[] = [...before, ...uncount(flight)];
  if (flight.row.waits) effects.push({ kind: "settle" });
  if (report !== undefined) effects.push({ kind: "report", met: report, logged: "never" });
  return over(effects, outcome);
}
