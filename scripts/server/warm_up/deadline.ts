/** How long something may take that is worth no more. @module */

/** The time is over: a reason to stop, no fault. */
export class TimeOver extends Error {
  override readonly name = "TimeOver";
}

export class Deadline {
  readonly #now: () => number;
  readonly #begun: number;
  readonly #limitMs: number;

  /** `now` in milliseconds. */
  constructor(limitMs: number, now: () => number) {
    this.#now = now;
    this.#begun = now();
    this.#limitMs = limitMs;
  }

  get spentMs(): number {
    return this.#now() - this.#begun;
  }

  /** Throws TimeOver. */
  check(): void {
    if (this.spentMs >= this.#limitMs) throw new TimeOver("Cannot go on: the time is over");
  }
}
