/** Limits a log record to one an hour for each subject. @module */

const REST_MS = 3_600_000;
/** Above this number of subjects some are logged too often. */
const MAX_TOLD = 10_000;

export class NowAndThen {
  readonly #now: () => number;
  readonly #told = new Map<string, number>();

  /** `now`: milliseconds since 1970. */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** True when this subject was not logged within the last hour; notes it. */
  isDue(what: string): boolean {
    const now = this.#now();
    const told = this.#told.get(what);
    if (told !== undefined && now - told < REST_MS) return false;
    if (this.#told.size >= MAX_TOLD) this.#told.clear();
    this.#told.set(what, now);
    return true;
  }
}
