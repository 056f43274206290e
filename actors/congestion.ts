/**
 * Back-pressure to clients: while too much waits for the store, a session that is told something stops reading.
 * What has been read is handled all the same.
 * @module
 */

/** A session whose client is not read for a moment. */
export interface Reader {
  /** Its client is read again. */
  goOn(): void;
}

/** What may wait for the store before reading stops; it goes on at half of it. */
const MOST_CALLS = 4096;
const MOST_UNITS = 16 * 1024 * 1024;

export class Congestion {
  readonly #later: (task: () => void) => void;
  readonly #waiting = new Set<Reader>();
  #isHigh = false;
  #isPlanned = false;

  /** `later`: runs a task outside of the scheduler's turn, so that a session that is read may stop again at once. */
  constructor(later: (task: () => void) => void) {
    this.#later = later;
  }

  get isHigh(): boolean {
    return this.#isHigh;
  }

  /** Calls that wait for the store, and UTF-16 units of them. */
  set(calls: number, units: number): void {
    if (this.#isHigh) this.#isHigh = calls > MOST_CALLS / 2 || units > MOST_UNITS / 2;
    else this.#isHigh = calls >= MOST_CALLS || units >= MOST_UNITS;
    if (!this.#isHigh && this.#waiting.size > 0) this.#plan();
  }

  /** Tells the reader once there is room. */
  wait(reader: Reader): void {
    this.#waiting.add(reader);
    if (!this.#isHigh) this.#plan();
  }

  forget(reader: Reader): void {
    this.#waiting.delete(reader);
  }

  #plan(): void {
    if (this.#isPlanned) return;
    this.#isPlanned = true;
    this.#later(() => {
      this.#isPlanned = false;
      this.#goOn();
    });
  }

  #goOn(): void {
    for (const reader of [...this.#waiting]) {
      if (this.#isHigh) return;
      if (this.#waiting.delete(reader)) reader.goOn();
    }
  }
}
