/** Who follows the outcomes on the server's behalf: the function `onOutcome`, the webhooks, and the delivery objectives. @module */
import { lookup } from "node:dns/promises";
import type { Outcomes } from "../outcomes/outcomes.ts";
import type { AsyncStore, ReadCall, Store, StoreCall, StoreReply } from "../store/store.ts";
import type { Log } from "../xmpp/log.ts";
import { objectiveEvent } from "./objectives/objective_event.ts";
import type { Objective } from "./objectives/objective_setting.ts";
import type { ObjectiveReading } from "./objectives/objective_watch.ts";
import { OBJECTIVES, Objectives } from "./objectives/objectives.ts";
import { CONSUMER, OutcomeConsumer, type OutcomeHandler } from "./outcome_consumer.ts";
import type { OutcomeWebhook } from "./webhooks/webhook_setting.ts";
import { nameOf, stateFrom } from "./webhooks/webhook_state.ts";
import { Webhook, type Webhooks } from "./webhooks/webhooks.ts";

export interface FollowersStart {
  readonly onOutcome: OutcomeHandler | undefined;
  readonly hooks: readonly OutcomeWebhook[];
  readonly objectives: readonly Objective[];
  readonly follow: Outcomes["follow"];
  readonly database: () => Pick<AsyncStore, "stepsAfter" | "lastStep" | "putFollower">;
  readonly log: Log;
  now(): number;
  schedule(ms: number, task: () => void): () => void;
}

export class Followers implements Webhooks {
  readonly #start: FollowersStart;
  #consumer: OutcomeConsumer | undefined;
  #webhooks: readonly Webhook[] = [];
  #objectives: Objectives | undefined;
  #newest = 0;

  constructor(start: FollowersStart) {
    this.#start = start;
  }

  /**
   * Finds the place of each, and keeps that of new webhooks: no step is committed before. `storeKey`: made with the store. Throws
   * StoreFault.
   */
  async open(store: Pick<Store, "read" | "run">, storeKey: Uint8Array): Promise<void> {
    const { onOutcome, hooks, database, ...start } = this.#start;
    const names = [CONSUMER, OBJECTIVES, ...hooks.map(({ url }) => nameOf(url))];
    const calls: readonly ReadCall[] = [["lastStep"], ...names.map((name): ReadCall => ["follower", name])];
    const [newest, place, counted, ...places] = (await store.read(calls)).map(valueIn);
    this.#newest = newest as number;
    const fresh = hooks.filter((_, i) => places[i] === undefined).map(({ url }) => nameOf(url));
    const state = JSON.stringify(stateFrom(newest as number));
    (await store.run(fresh.map((name): StoreCall => ["putFollower", name, state]))).map(valueIn);
    const put = (name: string, state: string) => database().putFollower(name, state);
    this.#consumer =
      onOutcome && new OutcomeConsumer({ ...start, put, handler: onOutcome }, place as string | undefined);
    const find = (host: string) => lookup(host, { all: true });
    this.#webhooks = hooks.map(
      (hook, i) =>
        new Webhook(
          hook,
          { ...start, storeKey, store: database, find },
          places[i] as string | undefined,
          newest as number,
        ),
    );
    const burns = (reading: ObjectiveReading, since: number) => {
      const event = objectiveEvent(reading, since, storeKey);
      for (const webhook of this.#webhooks) webhook.announce(event);
    };
    this.#objectives = new Objectives(
      { ...start, store: database, burns },
      counted as string | undefined,
      newest as number,
    );
  }

  run(): void {
    this.#consumer?.run();
    this.#objectives?.run();
    for (const webhook of this.#webhooks) webhook.run();
  }

  /** Resolves when their places are kept. */
  async stop(): Promise<void> {
    await Promise.all([
      this.#consumer?.stop(),
      this.#objectives?.stop(),
      ...this.#webhooks.map((webhook) => webhook.stop()),
    ]);
    this.#consumer = undefined;
    this.#objectives = undefined;
    this.#webhooks = [];
  }

  /** The cursor of the newest step at the start. */
  get newest(): number {
    return this.#newest;
  }

  /** How the objectives fare. */
  readObjectives(): readonly ObjectiveReading[] {
    return this.#objectives?.read() ?? [];
  }

  list() {
    return this.#webhooks.map(({ status }) => status);
  }

  async replay(url: string, after?: number): Promise<void> {
    const webhook = this.#webhooks.find(({ status }) => status.url === url);
    if (webhook === undefined) throw new Error("Cannot replay webhook: the server is stopped, or none has this URL");
    if (after !== undefined && !(Number.isSafeInteger(after) && after >= 0))
      throw new Error(`Cannot replay webhook: ${after} is no cursor`);
    await webhook.replay(after);
  }
}

function valueIn(reply: StoreReply): unknown {
  if ("fault" in reply) throw reply.fault;
  return reply.value;
}
