import type { ReadCall, Store, StoreCall, StoreReply, StoreStart } from "../../store/store.ts";

/** Commits and, once it is mute, tells nobody: the moment between a commit and what follows from it, made endless. */
export class MuteStore implements Store {
  readonly #store: Store;
  /** From the next batch on that holds such a call. */
  muteAt: (call: StoreCall) => boolean = () => false;
  isMute = false;
  #isClosed = false;

  constructor(store: Store) {
    this.#store = store;
  }

  open(): Promise<StoreStart> {
    return this.#store.open();
  }

  async run(batch: readonly StoreCall[]): Promise<readonly StoreReply[]> {
    const { promise: never } = Promise.withResolvers<readonly StoreReply[]>();
    if (this.#isClosed || this.isMute) return await never;
    const replies = await this.#store.run(batch);
    this.isMute = batch.some((call) => this.muteAt(call));
    return this.isMute ? await never : replies;
  }

  async read(calls: readonly ReadCall[]): Promise<readonly StoreReply[]> {
    const { promise: never } = Promise.withResolvers<readonly StoreReply[]>();
    return await (this.#isClosed || this.isMute ? never : this.#store.read(calls));
  }

  close(): Promise<void> {
    this.#isClosed = true;
    return this.#store.close();
  }
}
