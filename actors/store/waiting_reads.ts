/**
 * Reads that have been asked. Those of one turn go to the store together, and no read hurries a commit or waits for one, but where
 * its answer depends on what waits: then it comes right behind the commit that takes that.
 * @module
 */
import { concernsLog, type ReadCall, subjectsOf } from "../../store/operations.ts";
import type { StoreMessage } from "../store_letter.ts";

export type Read = Extract<StoreMessage, { kind: "read" }>;

/** By account, owner or stream: whom calls that wait are for, and whose rows of the log do. */
export interface Waiting {
  readonly calls: ReadonlySet<string>;
  readonly rows: ReadonlySet<string>;
}

export class WaitingReads {
  #asked: Read[] = [];
  #held: Read[] = [];

  get size(): number {
    return this.#asked.length + this.#held.length;
  }

  /** Returns whether it is the first of its turn. */
  add(read: Read): boolean {
    return this.#asked.push(read) === 1;
  }

  /** Whom those of this turn are for. */
  get subjects(): ReadonlySet<string> {
    return new Set(this.#asked.flatMap(({ call }) => subjectsOf(call)));
  }

  /** Whose logs those of this turn read. */
  get logOwners(): ReadonlySet<string> {
    return new Set(this.#asked.flatMap(({ call }) => (concernsLog(call) ? subjectsOf(call) : [])));
  }

  /** The turn is over: gives those that may go now; the others are held. */
  takeFree(waiting: Waiting): readonly Read[] {
    const free = this.#asked.filter(({ call }) => !depends(call, waiting));
    if (free.length < this.#asked.length) this.#held.push(...this.#asked.filter(({ call }) => depends(call, waiting)));
    this.#asked = [];
    return free;
  }

  /** What they have waited for is on its way to the store. */
  takeHeld(): readonly Read[] {
    const held = this.#held;
    this.#held = [];
    return held;
  }
}

function depends(call: ReadCall, { calls, rows }: Waiting): boolean {
  const isLog = concernsLog(call);
  return subjectsOf(call).some((subject) => calls.has(subject) || (isLog && rows.has(subject)));
}
