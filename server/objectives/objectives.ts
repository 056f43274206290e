/**
 * The delivery objectives of the configuration, from the steps of messages. What is kept of them is what is decided: the minutes before
 * the oldest message under way. A restart reads the steps since then again, so that none counts twice.
 * @module
 */
import * as v from "valibot";
import type { AsyncStore } from "../../store/store.ts";
import type { Log } from "../../xmpp/log.ts";
import { KeptPlace } from "../kept_place.ts";
import { pauseAfter, sleep } from "../retry_pause.ts";
import { minuteOf } from "./burn_counts.ts";
import { type Objective, objectiveName } from "./objective_setting.ts";
import { type ObjectiveReading, ObjectiveWatch } from "./objective_watch.ts";

const PAGE = 500;
const SECOND_MS = 1000;
/** So long a step may wait for its commit. */
const GRACE_MS = 5000;
const LONGEST_PAUSE_MS = 60_000;

/** Its name in the store. */
export const OBJECTIVES = "objectives";

const bucket = v.tuple([v.number(), v.number(), v.number()]);
const schema = v.object({
  /** Steps up to here are of messages that arrived before that minute. */
  cursor: v.number(),
  minute: v.number(),
  counts: v.record(v.string(), v.object({ minutes: v.array(bucket), hours: v.array(bucket) })),
});

export interface ObjectivesStart {
  readonly objectives: readonly Objective[];
  readonly store: () => Pick<AsyncStore, "stepsAfter" | "putFollower">;
  readonly log: Log;
  now(): number;
  schedule(ms: number, task: () => void): () => void;
  /** An objective begins to burn its budget. */
  burns(reading: ObjectiveReading, since: number): void;
}

export class Objectives {
  readonly #start: ObjectivesStart;
  readonly #watches: readonly ObjectiveWatch[];
  readonly #place: KeptPlace;
  readonly #stopping = new AbortController();
  /** Of each minute that is not decided: the cursor before its first step. */
  readonly #firstOf = new Map<number, number>();
  readonly #burning = new Set<string>();
  #cursor: number;
  /** Messages that arrived before this minute are in the counts that were kept. */
  readonly #since: number;
  #uncounted = 0;
  #running: Promise<void> = Promise.resolve();

  /** `kept`: its state in the store; undefined: it begins after `newest`. */
  constructor(start: ObjectivesStart, kept: string | undefined, newest: number) {
    const state = kept === undefined ? { cursor: newest, minute: 0, counts: {} } : v.parse(schema, JSON.parse(kept));
    this.#start = start;
    this.#cursor = state.cursor;
    this.#since = state.minute;
    this.#watches = start.objectives.map(
      (objective) => new ObjectiveWatch(objective, state.counts[objectiveName(objective)]),
    );
    const put = (name: string, text: string) => start.store().putFollower(name, text);
    this.#place = new KeptPlace({ ...start, put, name: OBJECTIVES, state: () => JSON.stringify(this.#takeKept()) });
  }

  run(): void {
    if (this.#watches.length > 0) this.#running = this.#follow(this.#stopping.signal);
  }

  async stop(): Promise<void> {
    if (this.#watches.length === 0) return;
    this.#stopping.abort();
    await this.#running;
    await this.#place.write();
  }

  read(): readonly ObjectiveReading[] {
    const now = this.#start.now();
    return this.#watches.map((watch) => watch.read(now));
  }

  async #follow(signal: AbortSignal): Promise<void> {
    const { log, schedule } = this.#start;
    for (let failures = 1; !signal.aborted; failures++) {
      try {
        await this.#readAll(signal);
        failures = 0;
        await sleep(SECOND_MS, schedule, signal);
      } catch (error) {
        log.error("cannot read outcomes for objectives", { error });
        await sleep(pauseAfter(failures, LONGEST_PAUSE_MS), schedule, signal);
      }
    }
  }

  /** Until all that is committed is noted; then what is late is missed. */
  async #readAll(signal: AbortSignal): Promise<void> {
    const { store, now } = this.#start;
    for (;;) {
      const at = now();
      const rows = await store().stepsAfter(this.#cursor, PAGE);
      if (signal.aborted) return;
      for (const row of rows) {
        const minute = minuteOf(row.began);
        if (minute >= this.#since) {
          if (!this.#firstOf.has(minute)) this.#firstOf.set(minute, row.cursor - 1);
          for (const watch of this.#watches) watch.note(row);
        }
        this.#cursor = row.cursor;
      }
      if (rows.length > 0) this.#place.changed();
      if (rows.length < PAGE) return this.#passed(at);
    }
  }

  #passed(at: number): void {
    for (const watch of this.#watches) watch.passed(at - GRACE_MS);
    this.#tell();
  }

  #tell(): void {
    const { log, now, burns } = this.#start;
    const time = now();
    let uncounted = 0;
    for (const watch of this.#watches) {
      uncounted += watch.uncounted;
      const reading = watch.read(time);
      if (reading.isBurning === this.#burning.has(watch.name)) continue;
      const facts = { objective: watch.name, budget_left: reading.budgetLeft, ...ratesOf(reading) };
      if (reading.isBurning) {
        this.#burning.add(watch.name);
        log.warn("delivery objective burns its budget", facts);
        burns(reading, time);
      } else {
        this.#burning.delete(watch.name);
        log.info("delivery objective holds again", facts);
      }
    }
    if (uncounted > this.#uncounted) log.warn("objectives leave out messages: too many are under way", { uncounted });
    this.#uncounted = uncounted;
  }

  /** What is decided, and where the rest begins; what is behind that is forgotten. */
  #takeKept(): v.InferOutput<typeof schema> {
    const open = this.#watches.flatMap(({ openSince }) => openSince ?? []);
    // Of this minute and the one before, messages may still come.
    const newest = minuteOf(this.#start.now() - GRACE_MS) - 1;
    const minute = Math.max(this.#since, Math.min(newest, ...open));
    let cursor = this.#cursor;
    for (const [at, first] of this.#firstOf) {
      if (at < minute) this.#firstOf.delete(at);
      else cursor = Math.min(cursor, first);
    }
    const counts = Object.fromEntries(this.#watches.map((watch) => [watch.name, watch.keptBefore(minute)]));
    return { cursor, minute, counts } as v.InferOutput<typeof schema>;
  }
}

function ratesOf({ burnRates }: ObjectiveReading): Record<string, number> {
  return Object.fromEntries(burnRates.map(({ minutes, rate }) => [`burn_${minutes}m`, Math.round(rate * 10) / 10]));
}
