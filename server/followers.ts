/** Who is told of outcomes by the server: the function `onOutcome`, and the webhooks. @module */
import { lookup } from "node:dns/promises";
import type { Outcomes } from "../outcomes/outcomes.ts";
import type { AsyncStore, ReadCall, Store, StoreCall, StoreReply } from "../store/store.ts";
import type { Log } from "../xmpp/log.ts";
import { CONSUMER, OutcomeConsumer, type OutcomeHandler } from "./outcome_consumer.ts";
import type { OutcomeWebhook } from "./webhooks/webhook_setting.ts";
import { nameOf, stateFrom } from "./webhooks/webhook_state.ts";
import { Webhook, type Webhooks } from "./webhooks/webhooks.ts";

export interface FollowersStart {
  readonly onOutcome: OutcomeHandler | undefined;
  readonly hooks: readonly OutcomeWebhook[];
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

  constructor(start: FollowersStart) {
    this.#start = start;
  }

  /**
   * Finds the place of each, and keeps that of new webhooks: no step is committed before. `storeKey`: made with the store. Throws
   * StoreFault.
   */
  async open(store: Pick<Store, "read" | "run">, storeKey: Uint8Array): Promise<void> {
    const { onOutcome, hooks, database, ...start } = this.#start;
    const names = [CONSUMER, ...hooks.map(({ url }) => nameOf(url))];
    const calls: readonly ReadCall[] = [["lastStep"], ...names.map((name): ReadCall => ["follower", name])];
    const [newest, place, ...places] = (await store.read(calls)).map(valueIn);
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
  }

  run(): void {
    this.#consumer?.run();
    for (const webhook of this.#webhooks) webhook.run();
  }

  /** Resolves when their places are kept. */
  async stop(): Promise<void> {
    await Promise.all([this.#consumer?.stop(), ...this.#webhooks.map((webhook) => webhook.stop())]);
    this.#consumer = undefined;
    this.#webhooks = [];
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
