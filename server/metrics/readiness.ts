/**
 * Whether messages can be accepted: the server serves, and its store commits. The last transaction tells; where it is too long
 * ago, a small write of its own does. It takes no rows along that wait for company.
 * @module
 */
import type { Meters } from "../../actors/meters.ts";
import { inTime, type Schedule } from "./in_time.ts";

/** How long the result of a transaction speaks for the store. */
const FRESH_MS = 3000;
const TIMEOUT_MS = 2000;

export type Answer = "ready" | "not started" | "stopping" | "the store cannot commit" | "the store does not answer";

export interface ReadinessSource {
  readonly meters: Pick<Meters, "lastBatch">;
  readonly schedule: Schedule;
  /** `serving` between the end of start() and the begin of stop(). */
  phase(): "not started" | "serving" | "stopping";
  now(): number;
  /** Writes something that must be committed. Rejects where that fails. */
  probe(): Promise<void>;
}

export class Readiness {
  readonly #source: ReadinessSource;
  #probe: Promise<Answer> | undefined;

  constructor(source: ReadinessSource) {
    this.#source = source;
  }

  /** As far as it is known without a probe. */
  get isReady(): boolean {
    return this.#source.phase() === "serving" && this.#source.meters.lastBatch.isCommitted;
  }

  async check(): Promise<Answer> {
    const { phase, meters, now, schedule } = this.#source;
    const current = phase();
    if (current !== "serving") return current;
    const { at, isCommitted } = meters.lastBatch;
    if (now() - at < FRESH_MS) return answerOf(isCommitted);
    this.#probe ??= this.#ask();
    return (await inTime(this.#probe, TIMEOUT_MS, schedule)) ?? "the store does not answer";
  }

  /** One at a time, however many ask. */
  #ask(): Promise<Answer> {
    return this.#source
      .probe()
      .then(
        () => answerOf(true),
        () => answerOf(false),
      )
      .finally(() => {
        this.#probe = undefined;
      });
  }
}

function answerOf(isCommitted: boolean): Answer {
  return isCommitted ? "ready" : "the store cannot commit";
}
