/** A store that keeps nothing. It is asked as the store's thread is, in the same messages, and answers on this thread. @module */
import { EventEmitter } from "node:events";
import { packReplies, packStart, unpackQuestion } from "../../store/sqlite/wire.ts";
import { WorkerStore } from "../../store/sqlite_store.ts";
import {
  type Credentials,
  newUserRecord,
  type Store,
  type StoreCall,
  type StoreOperations,
} from "../../store/store.ts";

/** About what a commit takes. */
const ANSWER_MS = 2;

/** `credentials`: of every account. */
export function createForgetfulStore(credentials: Credentials): Store {
  return new WorkerStore({ path: ":memory:" }, () => new ForgetfulThread(credentials));
}

class ForgetfulThread extends EventEmitter {
  readonly #operations: Partial<StoreOperations>;

  constructor(credentials: Credentials) {
    super();
    this.#operations = operations(credentials);
  }

  postMessage(packed: string): void {
    const answer = this.#answer(packed);
    setTimeout(() => this.emit("message", answer), ANSWER_MS);
  }

  async terminate(): Promise<void> {}

  #answer(packed: string): string {
    const question = unpackQuestion(packed);
    if (question === "open") return packStart({ lastSeq: 0, idKey: new Uint8Array(16) });
    return packReplies(question === "close" ? [] : question.map((call) => ({ value: this.#value(call) })));
  }

  #value([method, ...parameters]: StoreCall): unknown {
    const operation = this.#operations[method] as ((...parameters: unknown[]) => unknown) | undefined;
    return operation?.(...parameters);
  }
}

/** Those whose answer somebody here makes use of. */
function operations(credentials: Credentials): Partial<StoreOperations> {
  return {
    credentials: () => credentials,
    user: newUserRecord,
    pending: () => [],
    due: () => [],
    pruneStreams: () => 0,
  };
}
