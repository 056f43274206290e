/** A store that calls a batch of writes durable before it is. @module */
import type { Store, StoreCall, StoreReply, StoreStart } from "../../store/store.ts";

const DELAY_MS = 2000;
/** Writes whose value is not looked at. */
const DEFERRED: ReadonlySet<string> = new Set(["append", "settle", "putStreams"]);
/** Reads that do not depend on them. */
const INDEPENDENT: ReadonlySet<string> = new Set(["credentials", "nextDeadline", "due", "document", "documents"]);

export class EarlyAnswerStore implements Store {
  readonly #store: Store;
  #waiting: StoreCall[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(store: Store) {
    this.#store = store;
  }

  open(): Promise<StoreStart> {
    return this.#store.open();
  }

  async run(batch: readonly StoreCall[]): Promise<readonly StoreReply[]> {
    if (batch.every(([method]) => INDEPENDENT.has(method))) return this.#store.run(batch);
    if (!batch.every(([method]) => DEFERRED.has(method))) {
      const waiting = this.#take();
      return (await this.#store.run([...waiting, ...batch])).slice(waiting.length);
    }
    this.#waiting.push(...batch);
    this.#timer ??= setTimeout(() => this.#store.run(this.#take()), DELAY_MS);
    return batch.map(() => ({ value: undefined }));
  }

  async close(): Promise<void> {
    await this.#store.run(this.#take());
    await this.#store.close();
  }

  #take(): StoreCall[] {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    return this.#waiting.splice(0);
  }
}
