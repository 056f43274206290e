/** The place of a follower of outcomes, kept in the store: written at most once a second, and when it ends. @module */
import type { StoreFault } from "../store/store.ts";
import type { Log } from "../xmpp/log.ts";

const PORTION_MS = 1000;

export interface KeptPlaceStart {
  /** Its name in the store. */
  readonly name: string;
  readonly log: Log;
  /** What is to be kept now. */
  readonly state: () => string;
  readonly put: (name: string, state: string) => Promise<void>;
  schedule(ms: number, task: () => void): () => void;
}

export class KeptPlace {
  readonly #start: KeptPlaceStart;
  #cancel: (() => void) | undefined;
  #writing: Promise<void> = Promise.resolve();

  constructor(start: KeptPlaceStart) {
    this.#start = start;
  }

  /** It has changed. */
  changed(): void {
    this.#cancel ??= this.#start.schedule(PORTION_MS, () => void this.write());
  }

  /** Resolves when it is kept, or could not be, which the log tells. */
  write(): Promise<void> {
    this.#cancel?.();
    this.#cancel = undefined;
    this.#writing = this.#writing.then(() => this.#put());
    return this.#writing;
  }

  async #put(): Promise<void> {
    const { name, state, put, log } = this.#start;
    try {
      await put(name, state());
    } catch (error) {
      const { kind, message } = error as StoreFault;
      log.error("cannot keep the place of a follower", { follower: name, fault: kind, message });
    }
  }
}
