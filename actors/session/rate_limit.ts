/** A token bucket of one second's burst: how many stanzas a session may send. @module */
export class RateLimit {
  readonly #perSecond: number;
  #tokens: number;
  #at: number;

  constructor(perSecond: number, now: number) {
    this.#perSecond = perSecond;
    this.#tokens = perSecond;
    this.#at = now;
  }

  /** `slow`: over the rate, reading should pause; `over`: far beyond it, as only a peer that cannot be paused gets. */
  take(now: number): "ok" | "slow" | "over" {
    const refill = Math.max(0, ((now - this.#at) / 1000) * this.#perSecond);
    this.#tokens = Math.min(this.#perSecond, this.#tokens + refill) - 1;
    this.#at = now;
    if (this.#tokens >= 0) return "ok";
    return this.#tokens < -10 * this.#perSecond ? "over" : "slow";
  }
}
