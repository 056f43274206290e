import { limitKey } from "./client_address.ts";

/** How many addresses are remembered; the longest unheard of is forgotten first. */
const MAX_ADDRESSES = 10_000;

/** Counts what an address does within a window of time: failed logins, registrations. */
export class AttemptLimit {
  readonly #limit: number;
  readonly #windowMs: number;
  readonly #counts = new Map<string, { count: number; since: number }>();

  /** `limit` 0: none. */
  constructor(limit: number, windowMs: number) {
    this.#limit = limit;
    this.#windowMs = windowMs;
  }

  isExhausted(address: string, now: number): boolean {
    const entry = this.#counts.get(limitKey(address));
    return this.#limit > 0 && entry !== undefined && now - entry.since < this.#windowMs && entry.count >= this.#limit;
  }

  count(address: string, now: number): void {
    if (this.#limit === 0) return;
    const key = limitKey(address);
    const entry = this.#counts.get(key);
    this.#counts.delete(key);
    const fresh = entry === undefined || now - entry.since >= this.#windowMs;
    this.#counts.set(key, fresh ? { count: 1, since: now } : { count: entry.count + 1, since: entry.since });
    if (this.#counts.size > MAX_ADDRESSES) this.#forgetOldest();
  }

  #forgetOldest(): void {
    for (const key of this.#counts.keys()) {
      this.#counts.delete(key);
      return;
    }
  }
}
