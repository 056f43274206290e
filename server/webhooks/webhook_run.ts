/**
 * A webhook that is switched on, from one place among the steps on: reads them, and has each taken. Events of one message go one
 * after the other; an event that fails holds up its message only. What waits is bounded: then no more is read.
 * @module
 */
import { followed, type Outcomes } from "../../outcomes/outcomes.ts";
import type { AsyncStore } from "../../store/store.ts";
import type { Log } from "../../xmpp/log.ts";
import type { ObjectiveEvent } from "../objectives/objective_event.ts";
import { pauseAfter, sleep } from "../retry_pause.ts";
import { type EventLane, EventLanes } from "./event_lanes.ts";
import { type FindAddresses, post } from "./post.ts";
import { standardHeaders } from "./standard_webhook.ts";
import { eventBody, eventId, wants } from "./webhook_event.ts";
import type { OutcomeWebhook } from "./webhook_setting.ts";
import type { WebhookState } from "./webhook_state.ts";

const SECOND = 1000;
const HOUR = 3_600_000;
const TIMEOUT_SECONDS = 10;
const RETRY_HOURS = 72;
const LONGEST_PAUSE_MS = HOUR / 2;
/** Attempts at a time. */
const AT_ONCE = 8;
const MOST_WAITING = 1000;
/** Standard Webhooks: the receiver wants no more of them. */
const GONE = 410;

export interface WebhookRunStart {
  readonly hook: OutcomeWebhook;
  readonly state: WebhookState;
  readonly storeKey: Uint8Array;
  readonly follow: Outcomes["follow"];
  readonly store: () => Pick<AsyncStore, "stepsAfter">;
  readonly find: FindAddresses;
  readonly log: Log;
  now(): number;
  schedule(ms: number, task: () => void): () => void;
  /** Its state is another. */
  changed(): void;
  /** It is to be switched off. */
  off(why: string): void;
}

export class WebhookRun {
  readonly #start: WebhookRunStart;
  readonly #url: URL;
  readonly #timeoutMs: number;
  readonly #retryMs: number;
  readonly #lanes: EventLanes;
  readonly #stopping = new AbortController();
  readonly #attempts = new Set<Promise<void>>();
  #reading: Promise<void> = Promise.resolve();
  #cursor: number;
  /** Events of earlier runs, not read again yet. */
  #unread: WebhookState["waiting"];
  #failingSince: number | undefined;
  #roomMade: (() => void) | undefined;

  constructor(start: WebhookRunStart) {
    const { hook, state, now } = start;
    this.#start = start;
    this.#url = new URL(hook.url);
    this.#timeoutMs = (hook.timeout_seconds ?? TIMEOUT_SECONDS) * SECOND;
    this.#retryMs = (hook.retry_hours ?? RETRY_HOURS) * HOUR;
    this.#lanes = new EventLanes(AT_ONCE, (lane) => this.#begin(lane));
    this.#cursor = state.cursor;
    this.#unread = state.waiting;
    this.#failingSince = state.failedMs === null ? undefined : now() - state.failedMs;
  }

  run(): void {
    this.#reading = this.#read(this.#stopping.signal);
  }

  /** Breaks off what is under way, which counts as not taken. */
  async stop(): Promise<void> {
    this.#stopping.abort(new Error("Cannot go on: the webhook is stopped"));
    this.#lanes.stop();
    this.#roomMade?.();
    await Promise.all([this.#reading, ...this.#attempts]);
  }

  get state(): Omit<WebhookState, "isOff"> {
    const now = this.#start.now();
    const ago = (since: number | undefined) => (since === undefined ? null : Math.max(0, now - since));
    const held = [...this.#lanes.waiting()].map(({ step, failingSince }): [number, number | null] => [
      step.cursor,
      ago(failingSince),
    ]);
    const waiting = [...held, ...this.#unread].sort(([a], [b]) => a - b);
    return { cursor: this.#cursor, waiting, failedMs: ago(this.#failingSince) };
  }

  // Reading

  async #read(signal: AbortSignal): Promise<void> {
    const { hook, follow, log, schedule, changed } = this.#start;
    for (let failures = 1; !signal.aborted; failures++) {
      try {
        await this.#readAgain(signal);
        for await (const step of follow({ after: this.#cursor, signal })) {
          failures = 0;
          await this.#room();
          if (signal.aborted) return;
          this.#cursor = step.cursor;
          if (wants(hook, step)) this.#lanes.add({ step, failingSince: undefined });
          changed();
        }
      } catch (error) {
        log.error("cannot read outcomes for a webhook", { host: this.#url.host, error });
        await sleep(pauseAfter(failures, LONGEST_PAUSE_MS), schedule, signal);
      }
    }
  }

  /** What earlier runs have left; a step that is pruned meanwhile is gone. */
  async #readAgain(signal: AbortSignal): Promise<void> {
    const { store, now } = this.#start;
    for (let first = this.#unread[0]; first !== undefined && !signal.aborted; first = this.#unread[0]) {
      const [cursor, failedMs] = first;
      const [row] = await store().stepsAfter(cursor - 1, 1);
      if (signal.aborted) return;
      this.#unread = this.#unread.slice(1);
      if (row?.cursor !== cursor) continue;
      this.#lanes.add({ step: followed(row), failingSince: failedMs === null ? undefined : now() - failedMs });
    }
  }

  async #room(): Promise<void> {
    while (this.#lanes.size >= MOST_WAITING && !this.#stopping.signal.aborted) {
      await new Promise<void>((resolve) => {
        this.#roomMade = resolve;
      });
    }
  }

  // Attempts

  #begin(lane: EventLane): void {
    const attempt = this.#try(lane).finally(() => this.#attempts.delete(attempt));
    this.#attempts.add(attempt);
  }

  async #try(lane: EventLane): Promise<void> {
    const { step } = lane.events[0]!;
    const id = eventId(step.cursor, this.#start.storeKey);
    const answer = await this.#answer(id, eventBody(step, id));
    if (this.#stopping.signal.aborted) return;
    if (isTaken(answer)) this.#taken(lane);
    else if (answer === GONE) this.#off("it answers 410");
    else this.#failed(lane, typeof answer === "number" ? `HTTP status ${answer}` : answer.message);
    this.#start.changed();
    this.#lanes.over();
  }

  /** An event that is no step of a message: it holds up nothing, and is not kept over a stop. */
  announce(event: ObjectiveEvent): void {
    const attempt = this.#announce(event).finally(() => this.#attempts.delete(attempt));
    this.#attempts.add(attempt);
  }

  async #announce({ id, body }: ObjectiveEvent): Promise<void> {
    const { now, schedule, log } = this.#start;
    const { signal } = this.#stopping;
    const since = now();
    for (let attempts = 1; !signal.aborted; attempts++) {
      const answer = await this.#answer(id, body);
      if (signal.aborted || isTaken(answer) || answer === GONE) return;
      if (now() - since >= this.#retryMs)
        return log.error("webhook event given up", { host: this.#url.host, event: id });
      await sleep(pauseAfter(attempts, LONGEST_PAUSE_MS), schedule, signal);
    }
  }

  async #answer(id: string, body: string): Promise<number | Error> {
    const { hook, find, now, schedule } = this.#start;
    const over = new AbortController();
    const { signal } = this.#stopping;
    const stop = () => over.abort(signal.reason);
    signal.addEventListener("abort", stop, { once: true });
    const late = new Error(`no answer within ${this.#timeoutMs} ms`);
    let isLate = false;
    const cancel = schedule(this.#timeoutMs, () => {
      isLate = true;
      over.abort(late);
    });
    try {
      const own = { "content-type": "application/json", "user-agent": "ampact" };
      const headers = { ...own, ...standardHeaders({ id, at: now(), body }, hook.secret) };
      const allowPrivate = hook.allow_private ?? false;
      return await post(this.#url, { headers, body, allowPrivate, find, signal: over.signal });
    } catch (error) {
      return isLate ? late : (error as Error);
    } finally {
      cancel();
      signal.removeEventListener("abort", stop);
    }
  }

  #taken(lane: EventLane): void {
    if (this.#failingSince !== undefined) this.#start.log.info("webhook takes events again", { host: this.#url.host });
    this.#failingSince = undefined;
    this.#done(lane);
  }

  #failed(lane: EventLane, why: string): void {
    const { log, now, schedule, storeKey } = this.#start;
    const { host } = this.#url;
    const [event] = lane.events;
    lane.attempts++;
    if (this.#failingSince === undefined) log.warn("webhook takes no event", { host, why });
    this.#failingSince ??= now();
    event!.failingSince ??= now();
    if (now() - this.#failingSince >= this.#retryMs) return this.#off(why);
    if (now() - event!.failingSince >= this.#retryMs) {
      const { cursor, message } = event!.step;
      log.error("webhook event given up", { host, event: eventId(cursor, storeKey), cursor, message, why });
      return this.#done(lane);
    }
    lane.cancelPause = schedule(pauseAfter(lane.attempts, LONGEST_PAUSE_MS), () => this.#lanes.ready(lane));
  }

  /** No attempt begins until the stop comes. */
  #off(why: string): void {
    this.#lanes.stop();
    this.#start.off(why);
  }

  #done(lane: EventLane): void {
    this.#lanes.shift(lane);
    this.#roomMade?.();
    this.#roomMade = undefined;
  }
}

function isTaken(answer: number | Error): boolean {
  return typeof answer === "number" && answer >= 200 && answer < 300;
}
