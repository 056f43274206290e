/** Names without an account: the store is not asked again for a while. @module */

/** That while, in milliseconds. A new account is known at once: delete(). */
const KNOWN_MS = 300_000;
/** Most names, and UTF-16 units of them; beyond that the oldest are dropped. */
const MOST = 20_000;
const MOST_UNITS = 2_000_000;

export class MissingAccounts {
  readonly #now: () => number;
  /** By name, until when; oldest first. */
  readonly #until = new Map<string, number>();
  #units = 0;

  constructor(now: () => number) {
    this.#now = now;
  }

  has(account: string): boolean {
    const until = this.#until.get(account);
    if (until === undefined) return false;
    if (until > this.#now()) return true;
    this.delete(account);
    return false;
  }

  /** A known name keeps its time, so that even a name in constant use is looked up again. */
  add(account: string): void {
    if (this.#until.has(account)) return;
    this.#until.set(account, this.#now() + KNOWN_MS);
    this.#units += account.length;
    for (const oldest of this.#until.keys()) {
      if (this.#until.size <= MOST && this.#units <= MOST_UNITS) break;
      this.delete(oldest);
    }
  }

  delete(account: string): void {
    if (this.#until.delete(account)) this.#units -= account.length;
  }
}
