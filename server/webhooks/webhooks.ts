/** The webhooks of the configuration: each with a place of its own among the steps, switched off and on again. @module */
import type { Outcomes } from "../../outcomes/outcomes.ts";
import type { AsyncStore } from "../../store/store.ts";
import type { Log } from "../../xmpp/log.ts";
import { KeptPlace } from "../kept_place.ts";
import type { ObjectiveEvent } from "../objectives/objective_event.ts";
import type { FindAddresses } from "./post.ts";
import { WebhookRun } from "./webhook_run.ts";
import type { OutcomeWebhook } from "./webhook_setting.ts";
import { nameOf, readState, stateFrom, type WebhookState } from "./webhook_state.ts";

export interface WebhookStatus {
  readonly url: string;
  /** False: it has failed for too long; replay() switches it on again. */
  readonly isOn: boolean;
  /** Up to here every step was read for it. */
  readonly cursor: number;
  /** Events that were read, and that it has not taken. */
  readonly waiting: number;
  /** For how many milliseconds it has taken nothing; undefined: it works. */
  readonly failedMs: number | undefined;
}

export interface Webhooks {
  list(): readonly WebhookStatus[];
  /**
   * Tells the webhook the steps beyond that cursor, again or for the first time, under the same ids as before; from where it has
   * come to, unless given. Events that wait stay. Switches it on. Rejects where no webhook has that URL, and where no step has
   * come so far.
   */
  replay(url: string, after?: number): Promise<void>;
}

export interface WebhookStart {
  readonly storeKey: Uint8Array;
  readonly follow: Outcomes["follow"];
  readonly store: () => Pick<AsyncStore, "stepsAfter" | "lastStep" | "putFollower">;
  readonly find: FindAddresses;
  readonly log: Log;
  now(): number;
  schedule(ms: number, task: () => void): () => void;
}

export class Webhook {
  readonly #hook: OutcomeWebhook;
  readonly #start: WebhookStart;
  readonly #place: KeptPlace;
  #state: WebhookState;
  #run: WebhookRun | undefined;
  #isStopped = false;
  /** Switching goes one after the other. */
  #switched: Promise<void> = Promise.resolve();

  /** `kept`: its state in the store; undefined: it begins after `newest`. */
  constructor(hook: OutcomeWebhook, start: WebhookStart, kept: string | undefined, newest: number) {
    this.#hook = hook;
    this.#start = start;
    this.#state = kept === undefined ? stateFrom(newest) : readState(kept);
    const put = (name: string, state: string) => start.store().putFollower(name, state);
    this.#place = new KeptPlace({
      ...start,
      put,
      name: nameOf(hook.url),
      state: () => JSON.stringify(this.#current()),
    });
  }

  get status(): WebhookStatus {
    const { cursor, waiting, failedMs, isOff } = this.#current();
    return { url: this.#hook.url, isOn: !isOff, cursor, waiting: waiting.length, failedMs: failedMs ?? undefined };
  }

  /** Tells of an objective, where the webhook is on and wants it. */
  announce(event: ObjectiveEvent): void {
    const { kinds } = this.#hook;
    if (kinds === undefined || kinds.includes("objective")) this.#run?.announce(event);
  }

  run(): void {
    if (this.#state.isOff) this.#start.log.warn("webhook is switched off", { host: this.#host });
    else this.#begin();
  }

  stop(): Promise<void> {
    this.#isStopped = true;
    return this.#switch(async () => {
      await this.#end();
      await this.#place.write();
    });
  }

  replay(after: number | undefined): Promise<void> {
    return this.#switch(async () => {
      if (this.#isStopped) throw new Error("Cannot replay webhook: the server stops");
      if (after !== undefined && after > (await this.#start.store().lastStep()))
        throw new Error(`Cannot replay webhook: no step has the cursor ${after} yet`);
      await this.#end();
      this.#state = { ...stateFrom(after ?? this.#state.cursor), waiting: this.#waitingUpTo(after) };
      await this.#place.write();
      this.#begin();
    });
  }

  /** Each event has all its time again. */
  #waitingUpTo(after = Number.POSITIVE_INFINITY): WebhookState["waiting"] {
    return this.#state.waiting.filter(([cursor]) => cursor <= after).map(([cursor]) => [cursor, null]);
  }

  #off(why: string): void {
    if (this.#state.isOff) return;
    this.#state.isOff = true;
    const { cursor } = this.#current();
    this.#start.log.error("webhook switched off", { host: this.#host, why, cursor });
    void this.#switch(async () => {
      await this.#end();
      await this.#place.write();
    });
  }

  #switch(task: () => Promise<void>): Promise<void> {
    const done = this.#switched.then(task);
    // Whoever has asked for it learns of its failure; the next one does not.
    this.#switched = done.catch(() => {});
    return done;
  }

  #begin(): void {
    const { follow, store } = this.#start;
    this.#run = new WebhookRun({
      ...this.#start,
      follow,
      store,
      hook: this.#hook,
      state: this.#state,
      changed: () => this.#place.changed(),
      off: (why) => this.#off(why),
    });
    this.#run.run();
  }

  async #end(): Promise<void> {
    const run = this.#run;
    if (run === undefined) return;
    await run.stop();
    this.#state = this.#current();
    this.#run = undefined;
  }

  #current(): WebhookState {
    return { ...this.#state, ...this.#run?.state };
  }

  get #host(): string {
    return new URL(this.#hook.url).host;
  }
}
