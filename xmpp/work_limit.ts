/** The queue of waiting work is full. */
export class WorkLimitError extends Error {
  override readonly name = "WorkLimitError";
}

/** Limits how many pieces of work run at a time; the others wait in the order of their arrival. */
export class WorkLimit {
  readonly #maxWaiting: number;
  readonly #waiting: (() => void)[] = [];
  #free: number;

  constructor(parallel: number, maxWaiting: number) {
    this.#free = parallel;
    this.#maxWaiting = maxWaiting;
  }

  /** Throws WorkLimitError. */
  async run<Result>(work: () => Promise<Result>): Promise<Result> {
    if (this.#free > 0) this.#free--;
    else await new Promise<void>((resolve) => this.#wait(resolve));
    try {
      return await work();
    } finally {
      this.#leave();
    }
  }

  /** The next place goes to the work that has waited longest. */
  #leave(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#free++;
    else next();
  }

  #wait(begin: () => void): void {
    if (this.#waiting.length >= this.#maxWaiting) throw new WorkLimitError("Cannot do work: too many wait");
    this.#waiting.push(begin);
  }
}
