/** What became of messages, asked for and followed: over the store, so that a restart forgets nothing. @module */
import type { Outcome } from "../amp/outcome.ts";
import type { AsyncStore, FollowedStepRow, KeptStep, KeptTimeline, TimelineQuery } from "../store/store.ts";
import { readStep, type Step } from "./step.ts";

/** A step of one message, with its place among the steps of all. */
export type TimedStep = Step & {
  /** The id of the message. */
  readonly message: string;
  /** Milliseconds since 1970. */
  readonly at: number;
  /** Grows with every step of any message. */
  readonly cursor: number;
};

/** A step as a follower gets it. */
export type FollowedStep = TimedStep & {
  /** The JID in `from` of the message. */
  readonly sender: string;
  /** The JID in `to` of the message. */
  readonly recipient: string;
};

/** A message and what is known of it. */
export interface Timeline {
  readonly id: string;
  readonly key?: string;
  /** The id attribute of the message. */
  readonly stanza?: string;
  readonly from: string;
  readonly to: string;
  /** Milliseconds since 1970. */
  readonly at: number;
  /** In the order in which they came. */
  readonly steps: readonly TimedStep[];
  /** Undefined: the message is still under way, or waits. */
  readonly outcome: Outcome | undefined;
}

export interface OutcomeQuery {
  /** JIDs; the resource does not count. */
  readonly from?: string;
  readonly to?: string;
  /** The id attribute of the message. */
  readonly stanza?: string;
  /** The kind of the outcome; `waiting`: there is none yet. */
  readonly kind?: Outcome["kind"] | "waiting";
  /** Milliseconds since 1970, or a date. */
  readonly since?: number | Date;
  /** `next` of the page before. */
  readonly cursor?: string;
  /** At most 1000; 100 unless given. */
  readonly limit?: number;
}

export interface OutcomePage {
  /** Newest first. Their steps are those of get(). */
  readonly messages: readonly (Omit<Timeline, "steps" | "outcome"> & { readonly kind: Outcome["kind"] | "waiting" })[];
  /** The cursor of the next page; undefined: there is none. */
  readonly next: string | undefined;
}

export interface FollowOptions {
  /** Steps beyond this cursor; from the first that is kept unless given. */
  readonly after?: number;
  /** Ends the iteration. */
  readonly signal?: AbortSignal;
}

export interface Outcomes {
  /** The timeline of a message by its id, or by the key it was sent with. Undefined: no such message is kept. */
  get(message: string | { readonly key: string }): Promise<Timeline | undefined>;
  list(query?: OutcomeQuery): Promise<OutcomePage>;
  /**
   * Every step, at least once, in the order of their commits; those of one message in the order in which they happened. Who keeps
   * the cursor of the last step and begins after it has missed nothing. A reader that stops holds up nobody.
   */
  follow(options?: FollowOptions): AsyncIterableIterator<FollowedStep>;
}

const PAGE = 100;
const LARGEST_PAGE = 1000;
/** How many steps are read ahead for a follower. */
const READ_AHEAD = 200;

export interface OutcomesStart {
  readonly store: () => Pick<AsyncStore, "timeline" | "timelineOfKey" | "timelines" | "stepsAfter">;
  /** Resolves when steps may have been committed since, or the signal is aborted. */
  readonly committed: (signal: AbortSignal | undefined) => Promise<void>;
}

export function createOutcomes({ store, committed }: OutcomesStart): Outcomes {
  return {
    async get(message) {
      const kept =
        typeof message === "string" ? await store().timeline(message) : await store().timelineOfKey(message.key);
      return kept && timelineOf(kept);
    },
    async list(query = {}) {
      const asked = queryOf(query);
      const page = await store().timelines(asked);
      const messages = page.map(({ id, key, stanza, from, to, at, settled }) => ({
        id,
        ...(key !== undefined && { key }),
        ...(stanza !== undefined && { stanza }),
        from,
        to,
        at,
        kind: (settled ?? "waiting") as Outcome["kind"] | "waiting",
      }));
      return { messages, next: page.length === asked.limit ? page.at(-1)?.id : undefined };
    },
    follow: (options = {}) => follow(store, committed, options),
  };
}

function queryOf({ from, to, stanza, kind, since, cursor, limit = PAGE }: OutcomeQuery): TimelineQuery {
  return {
    ...(from !== undefined && { from: bare(from) }),
    ...(to !== undefined && { to: bare(to) }),
    ...(stanza !== undefined && { stanza }),
    ...(kind !== undefined && { settled: kind === "waiting" ? "" : kind }),
    ...(since !== undefined && { since: Number(since) }),
    ...(cursor !== undefined && { after: cursor }),
    limit: Math.max(1, Math.min(LARGEST_PAGE, Math.floor(limit))),
  };
}

function bare(jid: string): string {
  const slash = jid.indexOf("/");
  return slash < 0 ? jid : jid.slice(0, slash);
}

async function* follow(
  store: OutcomesStart["store"],
  committed: OutcomesStart["committed"],
  { after = 0, signal }: FollowOptions,
): AsyncIterableIterator<FollowedStep> {
  let cursor = after;
  while (signal?.aborted !== true) {
    // Asked for before the reading, so that a commit in between is not missed.
    const next = committed(signal);
    const steps = await store().stepsAfter(cursor, READ_AHEAD);
    for (const step of steps) {
      if (signal?.aborted) return;
      cursor = step.cursor;
      yield followed(step);
    }
    if (steps.length < READ_AHEAD) await next;
  }
}

export function timelineOf({ id, key, stanza, from, to, at, steps }: KeptTimeline): Timeline {
  const read = steps.map(timed);
  const last = read.at(-1);
  const outcome = last?.kind === "settled" ? last.outcome : undefined;
  return {
    id,
    ...(key !== undefined && { key }),
    ...(stanza !== undefined && { stanza }),
    from,
    to,
    at,
    steps: read,
    outcome,
  };
}

export function followed(step: FollowedStepRow): FollowedStep {
  return { ...timed(step), sender: step.from, recipient: step.to };
}

function timed(step: KeptStep): TimedStep {
  return { ...readStep(step), message: step.timeline, at: step.at, cursor: step.cursor };
}
