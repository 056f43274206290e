/** Most keys that are kept; the one counted longest ago is dropped first. */
const MAX_KEYS = 10_000;

/** Counts the attempts of an address or account within a window of time: failed logins, registrations. */
export class AttemptLimit {
  readonly #limit: number;
  readonly #windowMs: number;
  readonly #counts = new Map<string, { count: number; since: number }>();

  /** `limit` 0: none. */
  constructor(limit: number, windowMs: number) {
    this.#limit = limit;
    this.#windowMs = windowMs;
  }

  isExhausted(key: string, now: number): boolean {
    const entry = this.#counts.get(key);
    return this.#limit > 0 && entry !== undefined && now - entry.since < this.#windowMs && entry.count >= this.#limit;
  }

  count(key: string, now: number): void {
    if (this.#limit === 0) return;
    const entry = this.#counts.get(key);
    this.#counts.delete(key);
    const fresh = entry === undefined || now - entry.since >= this.#windowMs;
    this.#counts.set(key, fresh ? { count: 1, since: now } : { count: entry.count + 1, since: entry.since });
    if (this.#counts.size > MAX_KEYS) this.#forgetOldest();
  }

  #forgetOldest(): void {
    for (const key of this.#counts.keys()) {
      this.#counts.delete(key);
      return;
    }
  }
}
