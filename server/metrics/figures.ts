/** All numbers of a server at one moment. @module */
import type { Census } from "../../actors/census.ts";
import type { Histogram } from "../../actors/histogram.ts";
import type { Meters } from "../../actors/meters.ts";
import type { WaitingSummary } from "../../store/store.ts";
import type { ObjectiveReading } from "../objectives/objective_watch.ts";

export interface Figures {
  readonly meters: Meters;
  readonly census: Census;
  /** How the delivery objectives fare. */
  readonly objectives: readonly ObjectiveReading[];
  /** Undefined: the store did not answer in time. */
  readonly waiting: WaitingSummary | undefined;
  /** Milliseconds. */
  readonly loopDelay: Histogram;
  readonly isReady: boolean;
  readonly residentBytes: number;
  /** Milliseconds since 1970. */
  readonly now: number;
}
