/**
 * A store that reports batches as durable too early: a copy of the database, which the next start deletes, runs and
 * answers each batch at once; the database itself follows later.
 * @module
 */
import { copyFileSync, existsSync, rmSync } from "node:fs";
import { createSqliteStore } from "../store/sqlite_store.ts";
import type { ReadCall, Store, StoreCall, StoreReply, StoreStart } from "../store/store.ts";

const DELAY_MS = 2000;

export class EarlyAnswerStore implements Store {
  readonly #path: string;
  readonly #durable: Store;
  readonly #copy: Store;
  #waiting: StoreCall[] = [];
  #timer: ReturnType<typeof setInterval> | undefined;

  /** The path of the database. */
  constructor(path: string) {
    this.#path = path;
    this.#durable = createSqliteStore(`sqlite:${path}`);
    this.#copy = createSqliteStore(`sqlite:${path}.copy`);
  }

  async open(): Promise<StoreStart> {
    for (const end of ["", "-wal", "-shm"]) rmSync(`${this.#path}.copy${end}`, { force: true });
    // A log that a kill left behind holds what was committed last.
    for (const end of ["", "-wal"]) {
      if (existsSync(this.#path + end)) copyFileSync(this.#path + end, `${this.#path}.copy${end}`);
    }
    await this.#copy.open();
    const start = await this.#durable.open();
    this.#timer = setInterval(() => this.#commit(), DELAY_MS);
    return start;
  }

  run(batch: readonly StoreCall[]): Promise<readonly StoreReply[]> {
    this.#waiting.push(...batch);
    return this.#copy.run(batch);
  }

  read(calls: readonly ReadCall[]): Promise<readonly StoreReply[]> {
    return this.#copy.read(calls);
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#commit();
    await Promise.all([this.#copy.close(), this.#durable.close()]);
  }

  #commit(): Promise<readonly StoreReply[]> {
    return this.#durable.run(this.#waiting.splice(0));
  }
}
