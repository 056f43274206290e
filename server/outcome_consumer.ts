/**
 * The durable consumer in the process of the application: a function that gets every step, at least once, one after the other. Its
 * place is kept after the function has resolved.
 * @module
 */
import type { FollowedStep, Outcomes } from "../outcomes/outcomes.ts";
import type { Log } from "../xmpp/log.ts";
import { KeptPlace } from "./kept_place.ts";
import { pauseAfter, sleep } from "./retry_pause.ts";

/** `signal`: the server stops, and waits for five seconds. What it throws, or rejects with, has the step come again. */
export type OutcomeHandler = (step: FollowedStep, signal: AbortSignal) => void | Promise<void>;

export interface OutcomeConsumerStart {
  readonly handler: OutcomeHandler;
  readonly follow: Outcomes["follow"];
  readonly log: Log;
  readonly put: (name: string, state: string) => Promise<void>;
  schedule(ms: number, task: () => void): () => void;
}

/** Its name in the store. */
export const CONSUMER = "onOutcome";
const LONGEST_PAUSE_MS = 300_000;
const STOP_MS = 5000;

export class OutcomeConsumer {
  readonly #start: OutcomeConsumerStart;
  readonly #place: KeptPlace;
  readonly #stopping = new AbortController();
  #cursor: number;
  /** The function was given up: what it does now counts no more. */
  #isOver = false;
  #running: Promise<void> = Promise.resolve();

  /** `kept`: its state in the store; undefined: it begins with the first step that is kept. */
  constructor(start: OutcomeConsumerStart, kept: string | undefined) {
    this.#start = start;
    this.#cursor = kept === undefined ? 0 : Number(kept);
    this.#place = new KeptPlace({ ...start, name: CONSUMER, state: () => String(this.#cursor) });
  }

  run(): void {
    this.#running = this.#consume(this.#stopping.signal);
  }

  /** Resolves when the function has ended, or its time is over, and its place is kept. */
  async stop(): Promise<void> {
    const { schedule, log } = this.#start;
    this.#stopping.abort();
    let cancel = () => {};
    const late = new Promise<void>((resolve) => {
      cancel = schedule(STOP_MS, () => {
        log.warn("onOutcome goes on after the stop: its step will come again", { cursor: this.#cursor });
        resolve();
      });
    });
    await Promise.race([this.#running, late]);
    cancel();
    this.#isOver = true;
    await this.#place.write();
  }

  async #consume(signal: AbortSignal): Promise<void> {
    const { follow, log, schedule } = this.#start;
    for (let failures = 1; !signal.aborted; failures++) {
      try {
        for await (const step of follow({ after: this.#cursor, signal })) {
          failures = 0;
          if (!(await this.#hand(step, signal)) || this.#isOver) return;
          this.#cursor = step.cursor;
          this.#place.changed();
        }
      } catch (error) {
        log.error("cannot read outcomes for onOutcome", { error });
        await sleep(pauseAfter(failures, LONGEST_PAUSE_MS), schedule, signal);
      }
    }
  }

  /** Until it is handled. Returns false where the server stops before. */
  async #hand(step: FollowedStep, signal: AbortSignal): Promise<boolean> {
    const { handler, log, schedule } = this.#start;
    for (let attempts = 1; !signal.aborted; attempts++) {
      try {
        await handler(step, signal);
        return true;
      } catch (error) {
        log.error("onOutcome failed", { message: step.message, kind: step.kind, cursor: step.cursor, attempts, error });
        await sleep(pauseAfter(attempts, LONGEST_PAUSE_MS), schedule, signal);
      }
    }
    return false;
  }
}
