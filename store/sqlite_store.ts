/**
 * The store in a SQLite database: on a thread of its own for servers, on the calling thread for tests and tools.
 * A URL is `sqlite:<path>` or `sqlite::memory:`.
 * @module
 */
import type { ConnectionOptions } from "./sqlite/connection.ts";
import { SqliteEngine } from "./sqlite/engine.ts";
import { createPrivately } from "./sqlite/private_files.ts";
import { openFault } from "./sqlite/sqlite_fault.ts";
import { packQuestion, type Question, unpackReplies, unpackStart } from "./sqlite/wire.ts";
import { startThread } from "./sqlite_thread.ts";
import { type ReadCall, type Store, type StoreCall, StoreFault, type StoreReply, type StoreStart } from "./store.ts";

const SCHEME = "sqlite:";
const MEMORY = ":memory:";

export type SqliteLimits = Omit<ConnectionOptions, "path">;

/** A store on a worker thread. Throws StoreFault for another kind of URL. */
export function createSqliteStore(url: string, limits: SqliteLimits = {}): Store {
  const options = { ...limits, path: pathOf(url) };
  return new WorkerStore(options, () => startThread(options));
}

/** The same on the calling thread, which waits for the disk. Throws StoreFault for another kind of URL. */
export function createInlineStore(url: string, limits: SqliteLimits = {}): Store {
  return new InlineStore({ ...limits, path: pathOf(url) });
}

/** The file of the database with that URL; undefined: it lives in memory. Throws StoreFault for another kind of URL. */
export function databaseFile(url: string): string | undefined {
  const path = pathOf(url);
  return path === MEMORY ? undefined : path;
}

function pathOf(url: string): string {
  if (url.startsWith(SCHEME) && url.length > SCHEME.length) return url.slice(SCHEME.length);
  throw new StoreFault("failed", `Cannot use the store ${url}: not of the form sqlite:<path> or sqlite::memory:`);
}

function makeFile(path: string): void {
  if (path === MEMORY) return;
  try {
    createPrivately(path);
  } catch (error) {
    throw openFault(error, path);
  }
}

class InlineStore implements Store {
  readonly #options: ConnectionOptions;
  #engine: SqliteEngine | undefined;

  constructor(options: ConnectionOptions) {
    this.#options = options;
  }

  async open(): Promise<StoreStart> {
    makeFile(this.#options.path);
    this.#engine ??= await SqliteEngine.open(this.#options);
    return this.#engine.start;
  }

  async run(batch: readonly StoreCall[]): Promise<readonly StoreReply[]> {
    if (this.#engine === undefined) throw notOpen();
    return this.#engine.run(batch);
  }

  async read(calls: readonly ReadCall[]): Promise<readonly StoreReply[]> {
    if (this.#engine === undefined) throw notOpen();
    return this.#engine.read(calls);
  }

  async hold(isHeld: boolean): Promise<boolean> {
    if (this.#engine === undefined) throw notOpen();
    return this.#engine.hold(isHeld);
  }

  async close(): Promise<void> {
    this.#engine?.close();
    this.#engine = undefined;
  }
}

/** Of a worker thread what is used here. */
export interface StoreThread {
  on(event: "message", listener: (answer: string) => void): unknown;
  on(event: "error", listener: (error: unknown) => void): unknown;
  on(event: "exit", listener: () => void): unknown;
  postMessage(packed: string): void;
  terminate(): Promise<unknown>;
}

/** A question that the thread has not answered yet. */
interface Asked {
  readonly resolve: (answer: string) => void;
  readonly reject: (fault: StoreFault) => void;
}

/**
 * Asks a worker and takes its answers in order. Where the thread ends by itself, whatever was asked is rejected with a
 * fault, and the next batch starts it again; a batch rejected so may or may not have been committed.
 */
export class WorkerStore implements Store {
  readonly #options: ConnectionOptions;
  readonly #spawn: () => StoreThread;
  #isOpen = false;
  #worker: StoreThread | undefined;
  #asked: Asked[] = [];

  constructor(options: ConnectionOptions, spawn: () => StoreThread) {
    this.#options = options;
    this.#spawn = spawn;
  }

  async open(): Promise<StoreStart> {
    makeFile(this.#options.path);
    try {
      const start = unpackStart(await this.#ask("open"));
      this.#isOpen = true;
      return start;
    } catch (error) {
      await this.#stop();
      throw error;
    }
  }

  async run(batch: readonly StoreCall[]): Promise<readonly StoreReply[]> {
    if (!this.#isOpen) throw notOpen();
    const count = batch.length;
    return unpackReplies(await this.#ask(batch), count);
  }

  async read(calls: readonly ReadCall[]): Promise<readonly StoreReply[]> {
    if (!this.#isOpen) throw notOpen();
    const count = calls.length;
    return unpackReplies(await this.#ask({ read: calls }), count);
  }

  async hold(isHeld: boolean): Promise<boolean> {
    if (!this.#isOpen) throw notOpen();
    const [reply] = unpackReplies(await this.#ask(isHeld ? "hold" : "let go"), 1);
    return reply !== undefined && "value" in reply && reply.value === true;
  }

  async close(): Promise<void> {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    try {
      unpackReplies(await this.#ask("close"), 0);
    } finally {
      await this.#stop();
    }
  }

  /** A thread that is started anew opens the database at its first question. Only what was sent awaits an answer. */
  #ask(question: Question): Promise<string> {
    return new Promise((resolve, reject) => {
      const packed = pack(question);
      this.#worker ??= this.#start();
      this.#asked.push({ resolve, reject });
      this.#worker.postMessage(packed);
    });
  }

  #start(): StoreThread {
    const worker = this.#spawn();
    worker.on("message", (answer: string) => this.#asked.shift()?.resolve(answer));
    worker.on("error", (error) => this.#ended(worker, error));
    worker.on("exit", () => this.#ended(worker));
    return worker;
  }

  /** What lived in memory went with its thread: then there is nothing to start again. */
  #ended(worker: StoreThread, cause?: unknown): void {
    if (worker !== this.#worker) return;
    this.#worker = undefined;
    if (this.#options.path === MEMORY) this.#isOpen = false;
    const asked = this.#asked;
    this.#asked = [];
    for (const { reject } of asked) {
      reject(
        new StoreFault("failed", "Cannot tell whether a batch was committed: the store's thread ended", { cause }),
      );
    }
  }

  async #stop(): Promise<void> {
    const worker = this.#worker;
    this.#worker = undefined;
    await worker?.terminate();
  }
}

/** Throws StoreFault, so that the batch is refused like one that cannot be committed. */
function pack(question: Question): string {
  try {
    return packQuestion(question);
  } catch (cause) {
    throw new StoreFault("failed", "Cannot run a batch: it cannot be written as text", { cause });
  }
}

function notOpen(): StoreFault {
  return new StoreFault("failed", "Cannot run a batch: the store is not open");
}
