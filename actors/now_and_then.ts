/** What the operator should hear of, though not with every message: once an hour. @module */

const REST_MS = 3_600_000;
/** Of more things than this some are told too often. */
const MAX_TOLD = 10_000;

export class NowAndThen {
  readonly #now: () => number;
  readonly #told = new Map<string, number>();

  /** `now`: milliseconds since 1970. */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** Whether the last hour has not heard of this; from now on it has. */
  isDue(what: string): boolean {
    const now = this.#now();
    const told = this.#told.get(what);
    if (told !== undefined && now - told < REST_MS) return false;
    if (this.#told.size >= MAX_TOLD) this.#told.clear();
    this.#told.set(what, now);
    return true;
  }
}
