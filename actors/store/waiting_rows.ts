/**
 * Rows for the log that wait for a commit. Nobody is told of them before it, so a row may wait for company, and for the proof of
 * receipt after which it is never written as one that waits.
 * @module
 */
import { SeqMap } from "../../store/seq_map.ts";
import type { StoreMessage } from "../store_letter.ts";

export type Append = Extract<StoreMessage, { kind: "append" }>;

export class WaitingRows {
  readonly #rows = new SeqMap<Append>();
  #units = 0;
  /** Rows up to this number are aged. */
  #agedUntil = 0;

  get size(): number {
    return this.#rows.size;
  }

  /** UTF-16 units of all texts, about. */
  get units(): number {
    return this.#units;
  }

  add(append: Append): void {
    this.#rows.set(append.message.seq, append);
    this.#units += append.units;
  }

  /** Receipt is proved: takes the row back, but for what is for an archive. Returns false where it does not wait here for that owner. */
  cancel(owner: string, seq: number): boolean {
    const append = this.#rows.get(seq);
    if (append?.message.waiting === undefined || append.message.owner !== owner) return false;
    const kept = archivedPart(append);
    if (kept !== undefined) this.#rows.set(seq, kept);
    else {
      this.#rows.delete(seq);
      this.#units -= append.units;
    }
    return true;
  }

  /** Whether any row is aged. */
  get hasAged(): boolean {
    return this.#rows.firstSeq <= this.#agedUntil;
  }

  /** All rows are aged now, and later ones are not. */
  age(): void {
    this.#agedUntil = this.#rows.lastSeq;
  }

  /** Of these owners, the ones who have a row here. */
  ownersAmong(owners: ReadonlySet<string>): ReadonlySet<string> {
    const found = new Set<string>();
    if (owners.size === 0) return found;
    for (const { message } of this.#rows.values()) if (owners.has(message.owner)) found.add(message.owner);
    return found;
  }

  // The rows that are taken count as written.

  takeAll(): readonly Append[] {
    return this.#written(this.#rows.takeUntil(Number.MAX_SAFE_INTEGER));
  }

  takeAged(): readonly Append[] {
    return this.#written(this.#rows.takeUntil(this.#agedUntil));
  }

  takeOf(owners: ReadonlySet<string>): readonly Append[] {
    const taken = this.#rows.values().filter(({ message }) => owners.has(message.owner));
    for (const { message } of taken) this.#rows.delete(message.seq);
    return this.#written(taken);
  }

  #written(taken: readonly Append[]): readonly Append[] {
    for (const { units } of taken) this.#units -= units;
    return taken.some(({ handle }) => handle?.isCancelled) ? taken.flatMap(partsWritten) : taken.map(noteWritten);
  }
}

/** As a row that does not wait; undefined where no archive has it. A text that nobody keeps is not even written. */
function archivedPart(append: Append): Append | undefined {
  const { message } = append;
  const { owner, seq, peer } = message;
  return peer === undefined ? undefined : { ...append, message: { owner, seq, text: message.text, peer } };
}

function partsWritten(append: Append): readonly Append[] {
  if (!append.handle?.isCancelled) return [noteWritten(append)];
  const kept = archivedPart(append);
  return kept === undefined ? [] : [kept];
}

function noteWritten(append: Append): Append {
  if (append.handle !== undefined) append.handle.isWritten = true;
  return append;
}
