import type { ReadCall, Store, StoreCall, StoreFault, StoreReply, StoreStart } from "../../store/store.ts";

/** Passes everything on, until it is told to fail. */
export class FailingStore implements Store {
  readonly #store: Store;
  /** Each batch fails so; reads go on, as they do on a disk that is full. */
  fault: StoreFault | undefined;

  constructor(store: Store) {
    this.#store = store;
  }

  open(): Promise<StoreStart> {
    return this.#store.open();
  }

  async run(batch: readonly StoreCall[]): Promise<readonly StoreReply[]> {
    if (this.fault !== undefined) throw this.fault;
    return await this.#store.run(batch);
  }

  read(calls: readonly ReadCall[]): Promise<readonly StoreReply[]> {
    return this.#store.read(calls);
  }

  close(): Promise<void> {
    return this.#store.close();
  }
}
