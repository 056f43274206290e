import { lowerBound } from "./sequence.ts";

/** Places of entries that have gone are not given back before there are so many places. */
const FEW = 32;

/**
 * Entries by sequence number, in ascending order. Numbers mostly come in order and mostly go in order, which costs little
 * more here than to add to a list, where a hash table is built anew again and again.
 */
export class SeqMap<T extends object> {
  #seqs: number[] = [];
  /** Undefined in the place of an entry that has gone. */
  #items: (T | undefined)[] = [];
  /** Before it there are only places of entries that have gone. */
  #head = 0;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get(seq: number): T | undefined {
    const at = lowerBound(this.#seqs, seq, this.#head);
    return this.#seqs[at] === seq ? this.#items[at] : undefined;
  }

  has(seq: number): boolean {
    return this.get(seq) !== undefined;
  }

  set(seq: number, item: T): void {
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
    const at = lowerBound(this.#seqs, seq, this.#head);
    if (this.#seqs[at] !== seq || this.#items[at] === undefined) return false;
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

  #giveBack(at: number): void {
    const items = this.#items;
    if (at === this.#head) {
      let head = at + 1;
      while (head < items.length && items[head] === undefined) head++;
      this.#head = head;
    }
    if (items.length < FEW || this.#size > items.length / 2) return;
    this.#seqs = this.keys();
    this.#items = this.values();
    this.#head = 0;
  }
}
