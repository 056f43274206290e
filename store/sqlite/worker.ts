/**
 * The worker thread of a SQLite store: one message in is one question, one message out its answer, in the same order.
 * @module
 */
import { type MessagePort, parentPort, workerData } from "node:worker_threads";
import type { ConnectionOptions } from "./connection.ts";
import { SqliteEngine } from "./engine.ts";
import { sqliteFault } from "./sqlite_fault.ts";
import { packFault, packReplies, packStart, type Question, unpackQuestion } from "./wire.ts";

/** Answers the questions on a port, one after the other. */
class StoreThread {
  readonly #port: MessagePort;
  readonly #options: ConnectionOptions;
  #engine: SqliteEngine | undefined;
  #last: Promise<void> = Promise.resolve();

  constructor(port: MessagePort, options: ConnectionOptions) {
    this.#port = port;
    this.#options = options;
    port.on("message", (packed: string) => {
      this.#last = this.#last.then(() => this.#answer(unpackQuestion(packed)));
    });
  }

  async #answer(question: Question): Promise<void> {
    try {
      this.#port.postMessage(await this.#carryOut(question));
    } catch (error) {
      this.#port.postMessage(packFault(sqliteFault(error, "answer a batch")));
    }
  }

  async #carryOut(question: Question): Promise<string> {
    if (question === "close") return this.#close();
    this.#engine ??= await SqliteEngine.open(this.#options);
    if (question === "open") return packStart(this.#engine.start);
    if (question === "hold" || question === "let go")
      return packReplies([{ value: this.#engine.hold(question === "hold") }]);
    return packReplies("read" in question ? this.#engine.read(question.read) : this.#engine.run(question));
  }

  #close(): string {
    this.#engine?.close();
    this.#engine = undefined;
    return packReplies([]);
  }
}

if (parentPort !== null) new StoreThread(parentPort, workerData as ConnectionOptions);
