/** What the operator should hear of an account, though not with every message. @module */

const REST_MS = 3_600_000;
/** Of more accounts than this some are told of too often. */
const MAX_ACCOUNTS = 10_000;

export class NowAndThen {
  readonly #now: () => number;
  readonly #told = new Map<string, number>();

  /** `now`: milliseconds since 1970. */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** Whether the last hour had none of this account yet; from now on it has. */
  isDue(account: string): boolean {
    const now = this.#now();
    const told = this.#told.get(account);
    if (told !== undefined && now - told < REST_MS) return false;
    if (this.#told.size >= MAX_ACCOUNTS) this.#told.clear();
    this.#told.set(account, now);
    return true;
  }
}
