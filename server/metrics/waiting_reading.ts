/** What waits in storage, as of a few seconds ago: asking the store costs it the walk over an index. @module */
import type { WaitingSummary } from "../../store/store.ts";
import type { Log } from "../../xmpp/log.ts";
import { inTime, type Schedule } from "./in_time.ts";

const KEPT_MS = 5000;
const TIMEOUT_MS = 1000;

export interface WaitingSource {
  readonly log: Log;
  readonly schedule: Schedule;
  now(): number;
  /** Asks the store. */
  read(): Promise<WaitingSummary>;
}

export class WaitingReading {
  readonly #source: WaitingSource;
  #reading: Promise<WaitingSummary | undefined> | undefined;
  #askedAt = 0;

  constructor(source: WaitingSource) {
    this.#source = source;
  }

  /** Undefined: the store does not answer in time, or cannot read. */
  latest(): Promise<WaitingSummary | undefined> {
    const { now, schedule } = this.#source;
    const at = now();
    if (this.#reading === undefined || at - this.#askedAt >= KEPT_MS) {
      this.#askedAt = at;
      this.#reading = this.#ask();
    }
    return inTime(this.#reading, TIMEOUT_MS, schedule);
  }

  async #ask(): Promise<WaitingSummary | undefined> {
    try {
      return await this.#source.read();
    } catch (error) {
      this.#source.log.warn("cannot count waiting messages", { error });
      return undefined;
    }
  }

  /** The server has stopped or started. */
  forget(): void {
    this.#reading = undefined;
  }
}
