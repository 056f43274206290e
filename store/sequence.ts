/**
 * Sequence numbers of the message log: time and order in one safe integer.
 * A number is (milliseconds since 2020-01-01T00:00:00Z) * 4096 + a counter; 53 bits last until the year 2089.
 * @module
 */

const EPOCH = Date.UTC(2020, 0, 1);
const PER_MILLISECOND = 4096;

/** The process, from 0, and how many there are. */
export interface Share {
  readonly own: number;
  readonly count: number;
}

const WHOLE: Share = { own: 0, count: 1 };

/** Gives strictly increasing sequence numbers, whatever the clock does. */
export class SequenceClock {
  #last: number;
  readonly #now: () => number;
  readonly #slot: number;
  readonly #step: number;

  /**
   * `lastSeq` is the highest number ever given, 0 for none; `now` gives milliseconds since 1970. Of several processes each gives
   * its own share of the numbers.
   */
  constructor(lastSeq: number, now: () => number, { own, count }: Share = WHOLE) {
    this.#last = lastSeq;
    this.#now = now;
    this.#slot = own;
    this.#step = count;
  }

  /** More than 4096 numbers within one millisecond run on into the next. */
  next(): number {
    const next = Math.max(firstSeqAt(this.#now()), this.#last + 1);
    this.#last = this.#step === 1 ? next : this.#ownFrom(next);
    return this.#last;
  }

  /** The first number of this process that is not below. */
  #ownFrom(seq: number): number {
    return seq + ((this.#slot - (seq % this.#step) + this.#step) % this.#step);
  }
}

/** The time that a sequence number holds, in milliseconds since 1970. */
export function seqTime(seq: number): number {
  return Math.floor(seq / PER_MILLISECOND) + EPOCH;
}

/**
 * The lowest sequence number of a millisecond; a time outside the range of sequence numbers gives the nearest bound.
 */
export function firstSeqAt(ms: number): number {
  const seq = (Math.floor(ms) - EPOCH) * PER_MILLISECOND;
  return Math.min(Math.max(seq, 0), Number.MAX_SAFE_INTEGER);
}

/** In numbers that ascend from `start` on, the place of the first that is not below `seq`; most often that is the end. */
export function lowerBound(seqs: readonly number[], seq: number, start = 0): number {
  let low = start;
  let high = seqs.length;
  if (high === low || seqs[high - 1]! < seq) return high;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (seqs[middle]! < seq) low = middle + 1;
    else high = middle;
  }
  return low;
}
