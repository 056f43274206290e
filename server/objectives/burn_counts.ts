/**
 * How many messages of an objective were missed, by the time of their arrival: in minutes for six hours, in hours for thirty days. The
 * memory is bounded by the two.
 * @module
 */

const MINUTE_MS = 60_000;
const HOUR_MINUTES = 60;
const MINUTES_KEPT = 6 * HOUR_MINUTES;
const HOURS_KEPT = 30 * 24;

export interface Counted {
  readonly messages: number;
  readonly missed: number;
}

/** Place, messages, missed. */
export type Bucket = readonly [at: number, messages: number, missed: number];

export interface KeptCounts {
  readonly minutes: readonly Bucket[];
  readonly hours: readonly Bucket[];
}

export class BurnCounts {
  readonly #minutes: Map<number, Bucket>;
  readonly #hours: Map<number, Bucket>;

  constructor({ minutes, hours }: KeptCounts = { minutes: [], hours: [] }) {
    this.#minutes = byPlace(minutes);
    this.#hours = byPlace(hours);
  }

  /** A message that has arrived in that minute since 1970. */
  add(minute: number, isMissed: boolean): void {
    count(this.#minutes, minute, isMissed);
    count(this.#hours, Math.floor(minute / HOUR_MINUTES), isMissed);
  }

  /** Forgets what is too old. */
  prune(now: number): void {
    const minute = minuteOf(now);
    for (const at of this.#minutes.keys()) if (at <= minute - MINUTES_KEPT) this.#minutes.delete(at);
    const hour = Math.floor(minute / HOUR_MINUTES);
    for (const at of this.#hours.keys()) if (at <= hour - HOURS_KEPT) this.#hours.delete(at);
  }

  /** Of the last minutes, with this one; at most six hours. */
  last(minutes: number, now: number): Counted {
    const first = minuteOf(now) - minutes;
    return sum(this.#minutes, (at) => at > first);
  }

  /** Of the last thirty days. */
  get all(): Counted {
    return sum(this.#hours, () => true);
  }

  /** What has arrived before that minute. */
  before(minute: number): KeptCounts {
    const hour = Math.floor(minute / HOUR_MINUTES);
    const minutes = [...this.#minutes.values()].filter(([at]) => at < minute);
    const hours = [...this.#hours.values()].filter(([at]) => at < hour);
    // Of the hour that has begun, its minutes so far.
    const begun = sum(this.#minutes, (at) => at < minute && Math.floor(at / HOUR_MINUTES) === hour);
    return { minutes, hours: begun.messages === 0 ? hours : [...hours, [hour, begun.messages, begun.missed]] };
  }
}

export function minuteOf(time: number): number {
  return Math.floor(time / MINUTE_MS);
}

function byPlace(buckets: readonly Bucket[]): Map<number, Bucket> {
  return new Map(buckets.map((bucket) => [bucket[0], bucket]));
}

function count(buckets: Map<number, Bucket>, at: number, isMissed: boolean): void {
  const [, messages, missed] = buckets.get(at) ?? [at, 0, 0];
  buckets.set(at, [at, messages + 1, missed + (isMissed ? 1 : 0)]);
}

function sum(buckets: ReadonlyMap<number, Bucket>, isWanted: (at: number) => boolean): Counted {
  let [messages, missed] = [0, 0];
  for (const [at, bucketMessages, bucketMissed] of buckets.values()) {
    if (!isWanted(at)) continue;
    messages += bucketMessages;
    missed += bucketMissed;
  }
  return { messages, missed };
}
