import type { ReadCall, Store, StoreCall, StoreReply, StoreStart } from "../../store/store.ts";

/** One store for several servers: opened by the first, closed by the last. */
export class SharedStore implements Store {
  readonly #store: Store;
  #opened: Promise<StoreStart> | undefined;
  #users = 0;

  constructor(store: Store) {
    this.#store = store;
  }

  open(): Promise<StoreStart> {
    this.#users++;
    this.#opened ??= this.#store.open();
    return this.#opened;
  }

  run(batch: readonly StoreCall[]): Promise<readonly StoreReply[]> {
    return this.#store.run(batch);
  }

  read(calls: readonly ReadCall[]): Promise<readonly StoreReply[]> {
    return this.#store.read(calls);
  }

  async close(): Promise<void> {
    if (--this.#users === 0) await this.#store.close();
  }
}
