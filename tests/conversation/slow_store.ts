import type { ReadCall, Store, StoreCall, StoreReply, StoreStart } from "../../store/store.ts";

/** Every batch takes that long, milliseconds, as on a disk that is busy. */
export class SlowStore implements Store {
  readonly #store: Store;
  readonly #delayMs: number;

  constructor(store: Store, delayMs: number) {
    this.#store = store;
    this.#delayMs = delayMs;
  }

  open(): Promise<StoreStart> {
    return this.#store.open();
  }

  async run(batch: readonly StoreCall[]): Promise<readonly StoreReply[]> {
    await new Promise((resolve) => setTimeout(resolve, this.#delayMs));
    return await this.#store.run(batch);
  }

  async read(calls: readonly ReadCall[]): Promise<readonly StoreReply[]> {
    await new Promise((resolve) => setTimeout(resolve, this.#delayMs));
    return await this.#store.read(calls);
  }

  close(): Promise<void> {
    return this.#store.close();
  }
}
