/**
 * Kysely on a Connection: SQLite's dialect over node:sqlite, which Bun and Deno both have.
 * @module
 */

import type { SQLInputValue } from "node:sqlite";
import {
  type CompiledQuery,
  type DatabaseConnection,
  type Dialect,
  type DialectAdapter,
  type Driver,
  type Kysely,
  type QueryCompiler,
  type QueryResult,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
} from "kysely";
import type { Connection } from "./connection.ts";

export class NodeSqliteDialect implements Dialect {
  readonly #connection: Connection;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  createDriver(): Driver {
    return new NodeSqliteDriver(this.#connection);
  }

  createQueryCompiler(): QueryCompiler {
    return new SqliteQueryCompiler();
  }

  createAdapter(): DialectAdapter {
    return new TransactionalAdapter();
  }

  // biome-ignore lint/suspicious/noExplicitAny: Kysely's own signature
  createIntrospector(database: Kysely<any>): SqliteIntrospector {
    return new SqliteIntrospector(database);
  }
}

/** SQLite can undo a change of the schema, so a migration that fails leaves nothing behind. */
class TransactionalAdapter extends SqliteAdapter {
  override get supportsTransactionalDdl(): boolean {
    return true;
  }
}

/** One connection for all: only migrations run through Kysely's executor, one after the other. */
class NodeSqliteDriver implements Driver {
  readonly #connection: Connection;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  async init(): Promise<void> {}

  async acquireConnection(): Promise<DatabaseConnection> {
    return new NodeSqliteConnection(this.#connection);
  }

  async beginTransaction(): Promise<void> {
    this.#connection.execute("begin immediate");
  }

  async commitTransaction(): Promise<void> {
    this.#connection.execute("commit");
  }

  async rollbackTransaction(): Promise<void> {
    this.#connection.execute("rollback");
  }

  async releaseConnection(): Promise<void> {}

  /** The connection belongs to whoever made it. */
  async destroy(): Promise<void> {}
}

class NodeSqliteConnection implements DatabaseConnection {
  readonly #connection: Connection;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  async executeQuery<R>(query: CompiledQuery): Promise<QueryResult<R>> {
    return { rows: this.#connection.all(query.sql, query.parameters as SQLInputValue[]) as R[] };
  }

  // biome-ignore lint/correctness/useYield: the rows of a migration are never streamed
  async *streamQuery(): AsyncIterableIterator<never> {
    throw new Error("Cannot stream a query: the SQLite connection answers at once");
  }
}
