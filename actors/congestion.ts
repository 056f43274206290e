/**
 * Back-pressure to clients: while too many calls wait for the store, a session that gets a stanza stops reading.
 * Stanzas that were read are still handled.
 * @module
 */

/** A session that pauses reading from its client. */
export interface Reader {
  /** Its client is read again. */
  goOn(): void;
}

/** Waiting calls at which reading stops; it resumes at half of them. */
const MOST_CALLS = 4096;
const MOST_UNITS = 16 * 1024 * 1024;

export class Congestion {
  readonly #later: (task: () => void) => void;
  readonly #waiting = new Set<Reader>();
  #isHigh = false;
  #isPlanned = false;

  /** `later`: runs a task outside of the scheduler's turn, so that a resumed session may stop again at once. */
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

  /** Calls the reader when there is room. */
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
