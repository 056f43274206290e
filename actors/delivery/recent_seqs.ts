/** The sequence numbers noted last: when the young half is full, it takes the place of the old half. */
export class RecentSeqs {
  readonly #half: number;
  #young = new Set<number>();
  #old: ReadonlySet<number> = this.#young;

  /** Remembers at least the last `half`, at most twice as many. */
  constructor(half: number) {
    this.#half = half;
  }

  add(seq: number): void {
    if (this.#young.size >= this.#half) {
      this.#old = this.#young;
      this.#young = new Set();
    }
    this.#young.add(seq);
  }

  has(seq: number): boolean {
    return this.#young.has(seq) || this.#old.has(seq);
  }
}
