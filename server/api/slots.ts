/** So many at a time. */
export class Slots {
  readonly #most: number;
  #taken = 0;

  constructor(most: number) {
    this.#most = most;
  }

  /** Returns what gives the slot back; undefined: none is free. */
  take(): (() => void) | undefined {
    if (this.#taken >= this.#most) return undefined;
    this.#taken++;
    let isGiven = false;
    return () => {
      if (!isGiven) this.#taken--;
      isGiven = true;
    };
  }
}
