/** A bound for all, of which nobody takes more than a part: one account must not keep others from other servers. @module */

/** Of the bound; at least so many. */
const PART = 10;
const LEAST = 10;

export class Shares {
  readonly #most: number;
  readonly #share: number;
  readonly #bySharer = new Map<string, number>();
  #total = 0;

  constructor(most: number) {
    this.#most = most;
    this.#share = Math.max(LEAST, Math.floor(most / PART));
  }

  isFull(sharer: string): boolean {
    return this.#total >= this.#most || (this.#bySharer.get(sharer) ?? 0) >= this.#share;
  }

  /** It takes one more (1), or gives one back (-1). */
  count(sharer: string, sign: 1 | -1): void {
    this.#total += sign;
    const count = (this.#bySharer.get(sharer) ?? 0) + sign;
    if (count > 0) this.#bySharer.set(sharer, count);
    else this.#bySharer.delete(sharer);
  }
}
