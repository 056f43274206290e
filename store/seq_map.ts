import { lowerBound } from "./sequence.ts";

/** Places of entries that have gone are not given back before there are so many places. */
const FEW = 32;
/** Stands for the lists of a map that has never held anything, of which there are many; nothing is ever written to it. */
const UNUSED: never[] = [];

/**
 * Entries by sequence number, in ascending order. Numbers mostly come in order and mostly go in order, which costs little
 * more here than to add to a list, where a hash table is built anew again and again.
 */
export class SeqMap<T extends object> {
  #seqs: number[] = UNUSED;
  /** Undefined in the place of an entry that has gone. */
  #items: (T | undefined)[] = UNUSED;
  /** Before it there are only places of entries that have gone. */
  #head = 0;
  #size = 0;
  /** Where the one looked for last stands, or would. */
  #near = 0;

  get size(): number {
    return this.#size;
  }

  get(seq: number): T | undefined {
    const at = this.#find(seq);
    return at < 0 ? undefined : this.#items[at];
  }

  has(seq: number): boolean {
    return this.get(seq) !== undefined;
  }

  set(seq: number, item: T): void {
    if (this.#seqs === UNUSED) {
      this.#seqs = [];
      this.#items = [];
    }
    const seqs = this.#seqs;
    const at = lowerBound(seqs, seq, this.#head);
    if (at === seqs.length) {
      seqs.push(seq);
      this.#items.push(item);
      this.#size++;
      return;
    }
    if (seqs[at] !== seq) {
      seqs.splice(at, 0, seq);
      this.#items.splice(at, 0, undefined);
    }
    if (this.#items[at] === undefined) this.#size++;
    this.#items[at] = item;
  }

  /** Returns whether it was there. */
  delete(seq: number): boolean {
    const at = this.#find(seq);
    if (at < 0 || this.#items[at] === undefined) return false;
    this.#items[at] = undefined;
    this.#size--;
    this.#giveBack(at);
    return true;
  }

  /** All entries at this moment, in order. */
  values(): T[] {
    const values: T[] = [];
    const items = this.#items;
    for (let at = this.#head; at < items.length; at++) {
      const item = items[at];
      if (item !== undefined) values.push(item);
    }
    return values;
  }

  /** The number of the first entry; infinite where there is none. */
  get firstSeq(): number {
    return this.#size === 0 ? Number.POSITIVE_INFINITY : this.#seqs[this.#head]!;
  }

  /** The highest number since the map was last empty; 0 where it is. */
  get lastSeq(): number {
    return this.#size === 0 ? 0 : this.#seqs.at(-1)!;
  }

  /** Takes out the entries up to a number, in order. */
  takeUntil(seq: number): T[] {
    const end = lowerBound(this.#seqs, seq + 1, this.#head);
    const taken = this.#items.slice(this.#head, end).filter((item) => item !== undefined);
    if (taken.length === 0) return taken;
    this.#seqs = this.#seqs.slice(end);
    this.#items = this.#items.slice(end);
    this.#size -= taken.length;
    this.#head = this.#firstFrom(0);
    return taken;
  }

  /** The entries beyond a number, in order, at most `limit`. */
  after(seq: number, limit: number): T[] {
    const found: T[] = [];
    const items = this.#items;
    for (let at = lowerBound(this.#seqs, seq + 1, this.#head); at < items.length && found.length < limit; at++) {
      const item = items[at];
      if (item !== undefined) found.push(item);
    }
    return found;
  }

  /** The numbers of all entries at this moment, in order. */
  keys(): number[] {
    return this.#seqs.filter((_, at) => this.#items[at] !== undefined);
  }

  /** The place of that number; -1: it has none. Who looks for one most often looks for it again, or for the next. */
  #find(seq: number): number {
    const seqs = this.#seqs;
    const near = this.#near;
    if (near >= this.#head && near < seqs.length) {
      if (seqs[near] === seq) return near;
      if (near + 1 < seqs.length && seqs[near + 1] === seq) {
        this.#near = near + 1;
        return near + 1;
      }
    }
    const at = lowerBound(seqs, seq, this.#head);
    this.#near = at;
    return seqs[at] === seq ? at : -1;
  }

  /** The place of the first entry, from that place on. */
  #firstFrom(start: number): number {
    const items = this.#items;
    let at = start;
    while (at < items.length && items[at] === undefined) at++;
    return at;
  }

  #giveBack(at: number): void {
    const items = this.#items;
    if (at === this.#head) {
      this.#head = this.#firstFrom(at + 1);
    }
    if (items.length < FEW || this.#size > items.length / 2) return;
    this.#seqs = this.keys();
    this.#items = this.values();
    this.#head = 0;
  }
}
