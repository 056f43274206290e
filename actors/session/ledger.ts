/**
 * The inbound side of XEP-0198: numbers every stanza as it comes and tells how many, counted from the first, are settled
 * without a gap. Only that count may be sent as `h`.
 * @module
 */
export class Ledger {
  #received = 0;
  #settled = 0;
  #early = new Set<number>();

  /** The next stanza's ticket. */
  next(): number {
    return ++this.#received;
  }

  settle(ticket: number): void {
    if (ticket !== this.#settled + 1) {
      if (ticket > this.#settled) this.#early.add(ticket);
      return;
    }
    this.#settled++;
    while (this.#early.delete(this.#settled + 1)) this.#settled++;
  }

  isSettled(ticket: number): boolean {
    return ticket <= this.#settled || this.#early.has(ticket);
  }

  get received(): number {
    return this.#received;
  }

  get settled(): number {
    return this.#settled;
  }

  /** XEP-0198 section 4: the count is modulo 2^32. */
  get h(): number {
    return this.#settled >>> 0;
  }
}
