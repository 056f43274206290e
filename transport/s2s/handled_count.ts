/** Counts stanzas that are handled, for XEP-0198's `h`: only those before which all are handled. @module */

export class HandledCount {
  #received = 0;
  #handled = 0;
  /** Numbers of stanzas that were handled before an earlier one. */
  readonly #early = new Set<number>();
  readonly #onProgress: () => void;

  constructor(onProgress: () => void) {
    this.#onProgress = onProgress;
  }

  get received(): number {
    return this.#received;
  }

  /** Without a gap. */
  get handled(): number {
    return this.#handled;
  }

  get open(): number {
    return this.#received - this.#handled;
  }

  /** Returns what is called once, when the stanza is handled. */
  add(): () => void {
    const number = ++this.#received;
    return () => this.#settle(number);
  }

  #settle(number: number): void {
    if (number <= this.#handled || this.#early.has(number)) return;
    if (number !== this.#handled + 1) {
      this.#early.add(number);
      return;
    }
    this.#handled = number;
    while (this.#early.delete(this.#handled + 1)) this.#handled++;
    this.#onProgress();
  }
}
