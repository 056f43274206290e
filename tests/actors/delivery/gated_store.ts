/** A store whose commits a test can hold back, let go, or make fail. @module */
import { createInlineStore } from "../../../store/sqlite_store.ts";
import {
  type ReadCall,
  type Store,
  type StoreCall,
  StoreFault,
  type StoreMethod,
  type StoreReply,
  type StoreStart,
} from "../../../store/store.ts";

export class GatedStore implements Store {
  readonly #store = createInlineStore("sqlite::memory:");
  /** Method names of every call, in order. */
  readonly calls: string[] = [];
  /** How many transactions were committed. */
  commits = 0;
  isHeld = false;
  fault: StoreFault | undefined;
  /** The first call of this method in a batch fails by itself. */
  refuses: StoreMethod | undefined;
  #waiting: (() => void)[] = [];
  #last: Promise<unknown> = Promise.resolve();

  open(): Promise<StoreStart> {
    return this.#store.open();
  }

  run(batch: readonly StoreCall[]): Promise<readonly StoreReply[]> {
    return this.#inTurn(() => this.#run(batch));
  }

  async #run(batch: readonly StoreCall[]): Promise<readonly StoreReply[]> {
    if (this.isHeld) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    if (this.fault !== undefined) throw this.fault;
    this.calls.push(...batch.map(([method]) => method));
    this.commits++;
    return await this.#carryOut(batch, (left) => this.#store.run(left));
  }

  read(calls: readonly ReadCall[]): Promise<readonly StoreReply[]> {
    return this.#inTurn(() => {
      this.calls.push(...calls.map(([method]) => method));
      return this.#carryOut(calls, (left) => this.#store.read(left));
    });
  }

  /** First in, first out. */
  #inTurn<Answer>(work: () => Promise<Answer>): Promise<Answer> {
    const answer = this.#last.then(work);
    this.#last = answer.catch(() => {});
    return answer;
  }

  /** What is committed, whatever waits. */
  look(calls: readonly ReadCall[]): Promise<readonly StoreReply[]> {
    return this.#store.read(calls);
  }

  async #carryOut<Call extends StoreCall>(
    calls: readonly Call[],
    ask: (left: readonly Call[]) => Promise<readonly StoreReply[]>,
  ): Promise<readonly StoreReply[]> {
    const at = calls.findIndex(([method]) => method === this.refuses);
    if (at < 0) return await ask(calls);
    const replies = await ask(calls.toSpliced(at, 1));
    return replies.toSpliced(at, 0, { fault: new StoreFault("failed", "Cannot carry out call") });
  }

  release(): void {
    this.isHeld = false;
    for (const go of this.#waiting.splice(0)) go();
  }

  close(): Promise<void> {
    return this.#store.close();
  }
}
