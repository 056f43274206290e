/** What webhooks are told when an objective begins to burn its budget. @module */
import { createHmac } from "node:crypto";
import { formatDateTime } from "../../xmpp/date_time.ts";
import { objectiveName } from "./objective_setting.ts";
import type { ObjectiveReading } from "./objective_watch.ts";

export interface ObjectiveEvent {
  readonly id: string;
  /** JSON. */
  readonly body: string;
}

/** `since`: when it began, in milliseconds since 1970. */
export function objectiveEvent(reading: ObjectiveReading, since: number, storeKey: Uint8Array): ObjectiveEvent {
  const { objective, budgetLeft, burnRates } = reading;
  const name = objectiveName(objective);
  const digest = createHmac("sha256", storeKey).update(`objective ${since} ${name}`).digest("base64url");
  const id = `evt_${digest.slice(0, 22)}`;
  const body = JSON.stringify({ id, kind: "objective", at: formatDateTime(since), objective, budgetLeft, burnRates });
  return { id, body };
}
