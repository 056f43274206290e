/** A device has proved receipt of the message. @module */
import type { Outcome } from "../../../amp/outcome.ts";
import { end, overWhenKept, uncount } from "./ends.ts";
import { type Change, type Event, type Flight, type Step, type Terms, unmoved, withRow } from "./flight.ts";

type Proved = Extract<Event, { kind: "proved" }>;

export function onProof(flight: Flight, { resource, isWritten }: Proved, terms: Terms): Step {
  const { row, stage } = flight;
  if (stage.kind !== "offered") return unmoved(flight);
  const outcome: Outcome = { kind: "direct", resource };
  const effects = uncount(flight);
  if (stage.isShared) effects.push({ kind: "revoke-elsewhere", from: stage.to, prover: resource });
  if (flight.notice && row.log === "durable") effects.push({ kind: "remember" });
  const met = stage.onProof;
  // Somebody relies on the message, or a commit has it: it goes when the report is in the log, in one transaction.
  if (met !== undefined && (flight.audience !== "none" || row.log === "durable" || (row.waits && isWritten))) {
    const changes: readonly Change[] = row.waits ? ["settle"] : [];
    const alone = row.log === "durable" || isWritten;
    const ended = end(withRow(flight, { counted: false }), terms, { outcome, changes, report: met, alone });
    return { flight: ended.flight, effects: [...effects, ...ended.effects] };
  }
  if (row.waits) effects.push({ kind: "settle" });
  if (met !== undefined) effects.push({ kind: "report", met, logged: "now" });
  return overWhenKept(flight, effects, outcome);
}
