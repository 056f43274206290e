/**
 * The store on the calling thread: batches of calls, each batch one transaction.
 * @module
 */
import { Buffer } from "node:buffer";
import { randomBytes } from "node:crypto";
import { Kysely } from "kysely";
import {
  isRead,
  type ReadCall,
  type StoreCall,
  StoreFault,
  type StoreMethod,
  type StoreOperations,
  type StoreReply,
  type StoreStart,
} from "../store.ts";
import { AccountUsage } from "./account_usage.ts";
import { Connection, type ConnectionOptions } from "./connection.ts";
import { NodeSqliteDialect } from "./dialect.ts";
import { LogPass } from "./log_pass.ts";
import { Meta } from "./meta.ts";
import { migrate } from "./migrations.ts";
import { sqliteOperations } from "./operations.ts";
import { RowIds } from "./row_ids.ts";
import type { Schema, Tables } from "./schema.ts";
import { openSeal, type Seal } from "./seal.ts";
import { concernsDatabase, openFault, sqliteFault } from "./sqlite_fault.ts";
import { TimelineNumbers } from "./timeline_numbers.ts";

/** To index so many takes about 50 milliseconds. More at a time would be a little cheaper for each. */
const UNINDEXED_ROWS = 20_000;

/** Neighbours of these in a batch run as one call with all their entries: bulk is cheaper. Each gets the answer of all. */
const MERGED: ReadonlySet<StoreMethod> = new Set<StoreMethod>(["append", "pend", "settle", "noteSteps"]);

/** A call failed by itself, so the batch has to run again with each call apart. */
class CallFailed extends Error {}

export class SqliteEngine {
  /** What the store tells at its start. */
  readonly start: StoreStart;
  readonly #connection: Connection;
  readonly #ids: RowIds;
  readonly #pass: LogPass;
  readonly #timelines: TimelineNumbers;
  readonly #operations: StoreOperations;
  readonly #meta: Meta;
  #lastSeq: number;

  /** Opens and migrates. Throws StoreFault. */
  static async open(options: ConnectionOptions): Promise<SqliteEngine> {
    let connection: Connection | undefined;
    try {
      connection = new Connection(options);
      const tables = new Kysely<Schema>({ dialect: new NodeSqliteDialect(connection) });
      const isSealed = options.keyFile !== undefined;
      // What a migration moves and sealing replaces is overwritten, and not only let go of.
      if (isSealed) connection.all("pragma secure_delete = on", []);
      await migrate(tables);
      const meta = new Meta(connection, tables);
      const seal = openSeal(connection, meta, options.path, options.keyFile);
      if (isSealed) connection.all("pragma secure_delete = off", []);
      return new SqliteEngine(connection, tables, meta, options, seal);
    } catch (error) {
      connection?.close();
      throw openFault(error, options.path);
    }
  }

  private constructor(connection: Connection, tables: Tables, meta: Meta, options: ConnectionOptions, seal: Seal) {
    this.#connection = connection;
    this.#meta = meta;
    this.#ids = new RowIds(connection, tables);
    const usage = new AccountUsage(connection, tables, options.accountBytes ?? Number.POSITIVE_INFINITY);
    this.#pass = new LogPass(connection, tables, meta, options.unindexedRows ?? UNINDEXED_ROWS, usage);
    this.#timelines = new TimelineNumbers(connection, tables);
    this.#operations = sqliteOperations(connection, tables, this.#ids, usage, this.#pass, seal, this.#timelines);
    this.start = this.#readStart();
    this.#lastSeq = this.start.lastSeq;
  }

  /** As Store.run. Throws StoreFault where nothing of the batch happened. */
  run(batch: readonly StoreCall[]): StoreReply[] {
    try {
      return this.#write(batch, () => this.#callMerged(batch));
    } catch (error) {
      if (!(error instanceof CallFailed)) throw sqliteFault(error, "commit a batch");
    }
    try {
      return this.#write(batch, () => batch.map((call) => this.#callApart(call)));
    } catch (error) {
      throw sqliteFault(error, "commit a batch");
    }
  }

  /** As Store.read. Throws StoreFault where nothing can be read. */
  read(calls: readonly ReadCall[]): StoreReply[] {
    try {
      return this.#transaction("begin", () => calls.map((call) => this.#readOne(call)));
    } catch (error) {
      throw sqliteFault(error, "read");
    }
  }

  /** As Store.hold. Throws StoreFault. */
  hold(isHeld: boolean): boolean {
    try {
      return this.#connection.hold(isHeld);
    } catch (error) {
      throw sqliteFault(error, "hold the database file");
    }
  }

  close(): void {
    try {
      this.#connection.close();
    } catch (error) {
      throw sqliteFault(error, "close the store");
    }
  }

  #write(batch: readonly StoreCall[], body: () => StoreReply[]): StoreReply[] {
    let lastSeq = this.#lastSeq;
    const replies = this.#transaction("begin immediate", () => {
      const replies = body();
      lastSeq = this.#keepLastSeq(batch);
      this.#pass.passIfMany();
      return replies;
    });
    this.#lastSeq = lastSeq;
    return replies;
  }

  #transaction(begin: "begin" | "begin immediate", body: () => StoreReply[]): StoreReply[] {
    this.#connection.execute(begin);
    try {
      const replies = body();
      this.#connection.execute("commit");
      return replies;
    } catch (error) {
      this.#rollback(error);
      this.#readAnew();
      throw error;
    }
  }

  /** Whatever is known of the database may have been undone. */
  #readAnew(): void {
    this.#ids.forget();
    this.#timelines.forget();
    this.#pass.read();
  }

  #rollback(reason: unknown): void {
    try {
      this.#connection.execute("rollback");
    } catch (error) {
      // SQLite has rolled back by itself after some errors, and says that there is no transaction.
      if (!concernsDatabase(reason)) throw error;
    }
  }

  /** The usual way: no savepoints. Throws CallFailed where a call failed by its own fault. */
  #callMerged(batch: readonly StoreCall[]): StoreReply[] {
    const replies: StoreReply[] = [];
    while (replies.length < batch.length) {
      const [method, ...parameters] = batch[replies.length]!;
      const count = MERGED.has(method) ? sameMethodFrom(batch, replies.length) : 1;
      const merged = count === 1 ? parameters : [entriesOf(batch.slice(replies.length, replies.length + count))];
      try {
        const value = this.#call(method, merged);
        for (let i = 0; i < count; i++) replies.push({ value });
      } catch (error) {
        // Nothing was written, so that nothing has to be undone: the others go on.
        if (error instanceof StoreFault && error.kind === "quota") replies.push({ fault: error });
        else throw concernsDatabase(error) ? error : new CallFailed(undefined, { cause: error });
      }
    }
    return replies;
  }

  #callApart([method, ...parameters]: StoreCall): StoreReply {
    this.#connection.execute("savepoint call");
    try {
      const value = this.#call(method, parameters);
      this.#connection.execute("release call");
      return { value };
    } catch (error) {
      if (concernsDatabase(error)) throw error;
      this.#connection.execute("rollback to call");
      this.#connection.execute("release call");
      this.#readAnew();
      return { fault: sqliteFault(error, `carry out ${method}`) };
    }
  }

  #readOne(call: StoreCall): StoreReply {
    const [method, ...parameters] = call;
    if (!isRead(call)) return { fault: new StoreFault("failed", `Cannot read by ${method}: it is no reading`) };
    try {
      return { value: this.#call(method, parameters) };
    } catch (error) {
      if (concernsDatabase(error)) throw error;
      return { fault: sqliteFault(error, `carry out ${method}`) };
    }
  }

  #call(method: StoreMethod, parameters: readonly unknown[]): unknown {
    const operation = this.#operations[method] as (...parameters: readonly unknown[]) => unknown;
    return operation(...parameters);
  }

  /** Kept apart from the log, whose newest rows may be settled and gone: a number is never given twice. */
  #keepLastSeq(batch: readonly StoreCall[]): number {
    let last = this.#lastSeq;
    for (const call of batch) {
      if (call[0] === "append") for (const { seq } of call[1]) last = Math.max(last, seq);
    }
    if (last > this.#lastSeq) this.#meta.put("lastSeq", String(last));
    return last;
  }

  #readStart(): StoreStart {
    if (this.#meta.get("idKey") === undefined) this.#meta.put("idKey", randomBytes(16).toString("base64"));
    const idKey = Uint8Array.from(Buffer.from(this.#meta.get("idKey")!, "base64"));
    return { lastSeq: Number(this.#meta.get("lastSeq") ?? 0), idKey };
  }
}

/** How many calls in a row, from this place on, are of one method. */
function sameMethodFrom(batch: readonly StoreCall[], start: number): number {
  let end = start + 1;
  while (batch[end]?.[0] === batch[start]![0]) end++;
  return end - start;
}

function entriesOf(calls: readonly StoreCall[]): unknown[] {
  return calls.flatMap((call) => call[1] as readonly unknown[]);
}
