/**
 * Prunes archives: by age for all, by count for each account. It runs periodically and in portions, so that urgent
 * writes do not wait long.
 * @module
 */
import { firstSeqAt } from "../store/sequence.ts";
import type { AsyncStore } from "../store/store.ts";
import type { Log } from "../xmpp/log.ts";

export interface RetentionStart {
  readonly store: AsyncStore;
  readonly log: Log;
  /** Milliseconds; 0: for ever. */
  readonly keepMs: number;
  /** Messages of one account; 0: all. */
  readonly keepMessages: number;
  now(): number;
  schedule(ms: number, task: () => void): () => void;
}

const INTERVAL_MS = 3_600_000;
const FIRST_MS = 60_000;
/** Most rows removed, and accounts checked, in one transaction. */
const PORTION = 1000;

export class ArchiveRetention {
  readonly #start: RetentionStart;
  #cancel: (() => void) | undefined;
  #stopped = false;

  constructor(start: RetentionStart) {
    this.#start = start;
  }

  /** Starts the pruning, unless archives are unlimited. */
  run(): void {
    const { keepMs, keepMessages } = this.#start;
    if (keepMs > 0 || keepMessages > 0) this.#plan(FIRST_MS);
  }

  stop(): void {
    this.#stopped = true;
    this.#cancel?.();
  }

  #plan(ms: number): void {
    if (this.#stopped) return;
    this.#cancel = this.#start.schedule(ms, () => {
      this.sweep()
        .catch((error) => this.#start.log.error("cannot prune archives", { error }))
        .finally(() => this.#plan(INTERVAL_MS));
    });
  }

  /** One round over all archives. Returns the number of removed messages. Rejects with StoreFault. */
  async sweep(): Promise<number> {
    return (await this.#byAge()) + (await this.#byCount());
  }

  async #byAge(): Promise<number> {
    const { store, keepMs, now } = this.#start;
    if (keepMs === 0) return 0;
    const before = firstSeqAt(now() - keepMs);
    let total = 0;
    for (let gone = PORTION; gone === PORTION && !this.#stopped; total += gone) {
      gone = await store.pruneArchive(before, PORTION);
    }
    return total;
  }

  async #byCount(): Promise<number> {
    const { store, keepMessages } = this.#start;
    if (keepMessages === 0) return 0;
    let total = 0;
    let after = "";
    for (;;) {
      const accounts = await store.accounts(after, PORTION);
      for (const account of accounts) {
        if (this.#stopped) return total;
        total += await store.trimArchive(account, keepMessages);
      }
      const last = accounts.at(-1);
      if (last === undefined || accounts.length < PORTION) return total;
      after = last;
    }
  }
}
