/** Stores that break what timelines promise, to show that the harness notices. @module */
import type { ReadCall, Store, StoreCall, StoreReply, StoreStart } from "../store/store.ts";

/** Longer than most times between two kills. */
const GAP_MS = 1500;
/** A follower does not get one of so many steps. */
const SKIPPED = 40;

abstract class Around implements Store {
  protected readonly store: Store;

  constructor(store: Store) {
    this.store = store;
  }

  open(): Promise<StoreStart> {
    return this.store.open();
  }

  run(batch: readonly StoreCall[]): Promise<readonly StoreReply[]> {
    return this.store.run(batch);
  }

  read(calls: readonly ReadCall[]): Promise<readonly StoreReply[]> {
    return this.store.read(calls);
  }

  close(): Promise<void> {
    return this.store.close();
  }
}

/** The steps of a message with a key are committed, and what makes them true follows later. */
export class StepsFirstStore extends Around {
  readonly #keyed = new Set<string>();
  #before: Promise<unknown> = Promise.resolve();

  override run(batch: readonly StoreCall[]): Promise<readonly StoreReply[]> {
    const running = this.#before.then(() => this.#runApart(batch));
    this.#before = running.catch(() => {});
    return running;
  }

  /** A reading has every batch that was run before. */
  override async read(calls: readonly ReadCall[]): Promise<readonly StoreReply[]> {
    await this.#before;
    return super.read(calls);
  }

  override async close(): Promise<void> {
    await this.#before;
    await super.close();
  }

  async #runApart(batch: readonly StoreCall[]): Promise<readonly StoreReply[]> {
    const isStep = ([method]: StoreCall) => method === "noteSteps" || method === "openTimeline";
    const steps = batch.filter(isStep);
    const others = batch.filter((call) => !isStep(call));
    for (const [method, given] of steps) {
      if (method === "openTimeline" && given.key !== undefined) this.#keyed.add(given.id);
    }
    if (!steps.some((call) => this.#isOfKey(call)) || others.length === 0) return this.store.run(batch);
    const [first, second] = [await this.store.run(steps), await this.#later(others)];
    const [ofSteps, ofOthers] = [first[Symbol.iterator](), second[Symbol.iterator]()];
    return batch.map((call) => (isStep(call) ? ofSteps : ofOthers).next().value as StoreReply);
  }

  #isOfKey([method, given]: StoreCall): boolean {
    return method === "noteSteps" && given.some(({ timeline }) => this.#keyed.has(timeline));
  }

  async #later(calls: readonly StoreCall[]): Promise<readonly StoreReply[]> {
    await new Promise((resolve) => setTimeout(resolve, GAP_MS));
    return this.store.run(calls);
  }
}

/** A cursor steps over some of the steps. */
export class SkippingStore extends Around {
  override async read(calls: readonly ReadCall[]): Promise<readonly StoreReply[]> {
    const replies = await this.store.read(calls);
    return replies.map((reply, at) => {
      if (calls[at]![0] !== "stepsAfter" || "fault" in reply) return reply;
      const steps = reply.value as readonly { readonly cursor: number }[];
      return { value: steps.filter(({ cursor }) => cursor % SKIPPED !== 0) };
    });
  }
}
