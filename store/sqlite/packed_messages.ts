/**
 * Messages to append, as they came from another thread: rows of numbers, and all texts in one. Most are written as they
 * are; objects are made of them only where somebody has to look at each.
 * @module
 */
import { type ArchiveEntry, type NewMessage, NO_ENTRIES, type PendingEntry } from "../store.ts";

/** Of each message: seq, how many UTF-16 units its text has, and its places in the two lists, from 1; 0 for none. */
export const ROW_WIDTH = 4;

/** What the rows point at, and where the texts begin. */
export interface PackedParts {
  readonly rows: Float64Array;
  readonly pending: readonly PendingEntry[];
  readonly archive: readonly (readonly ArchiveEntry[])[];
  readonly text: string;
  readonly start: number;
}

export class PackedMessages implements Iterable<NewMessage> {
  readonly length: number;
  /** Of all texts together, in UTF-16 units. */
  readonly units: number;
  /** The highest; 0 where there is none. */
  readonly lastSeq: number;
  readonly #parts: PackedParts;

  constructor(parts: PackedParts) {
    const { rows } = parts;
    let units = 0;
    let last = 0;
    for (let at = 0; at < rows.length; at += ROW_WIDTH) {
      last = Math.max(last, rows[at]!);
      units += rows[at + 1]!;
    }
    this.length = rows.length / ROW_WIDTH;
    this.units = units;
    this.lastSeq = last;
    this.#parts = parts;
  }

  /** Whoever these messages wait for, and possibly others. */
  get pending(): readonly PendingEntry[] {
    return this.#parts.pending;
  }

  /** 0 where there is none. */
  get firstSeq(): number {
    return this.#parts.rows[0] ?? 0;
  }

  /** All texts, one behind the other. */
  get texts(): string {
    const { text, start } = this.#parts;
    return text.slice(start, start + this.units);
  }

  /** Whether they come in ascending order, and each waits for somebody, without a deadline, and stands in no archive. */
  get onlyWait(): boolean {
    const { rows, pending } = this.#parts;
    let last = 0;
    for (let at = 0; at < rows.length; at += ROW_WIDTH) {
      const place = rows[at + 2]!;
      if (rows[at]! <= last || place === 0 || rows[at + 3] !== 0) return false;
      if (pending[place - 1]!.deadline !== undefined) return false;
      last = rows[at]!;
    }
    return true;
  }

  /** Of each message its number, the length of its text, and whom it waits for: without an object made of it. */
  forEachRow(visit: (seq: number, units: number, pending: PendingEntry | undefined) => void): void {
    const { rows, pending } = this.#parts;
    for (let at = 0; at < rows.length; at += ROW_WIDTH) {
      const place = rows[at + 2]!;
      visit(rows[at]!, rows[at + 1]!, place === 0 ? undefined : pending[place - 1]);
    }
  }

  [Symbol.iterator](): Iterator<NewMessage> {
    return this.#unpacked()[Symbol.iterator]();
  }

  #unpacked(): NewMessage[] {
    const { rows, text, pending, archive } = this.#parts;
    const messages: NewMessage[] = [];
    let start = this.#parts.start;
    for (let at = 0; at < rows.length; at += ROW_WIDTH) {
      const end = start + rows[at + 1]!;
      const [inPending, inArchive] = [rows[at + 2]!, rows[at + 3]!];
      messages.push({
        seq: rows[at]!,
        text: text.slice(start, end),
        archive: inArchive === 0 ? NO_ENTRIES : archive[inArchive - 1]!,
        pending: inPending === 0 ? undefined : pending[inPending - 1],
      });
      start = end;
    }
    return messages;
  }
}

/** Messages as they came, all of which wait; `owners`: the row ids of those that they wait for. */
export interface PackedWaiting {
  readonly messages: PackedMessages;
  readonly owners: ReadonlyMap<PendingEntry, number>;
}
