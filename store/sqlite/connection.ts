/**
 * One connection to one SQLite database, with its settings and prepared statements.
 * @module
 */
import { DatabaseSync, type SQLInputValue, type StatementSync } from "node:sqlite";

export interface ConnectionOptions {
  /** A file, or `:memory:`. */
  readonly path: string;
  /** Where the key lies under which secrets are sealed (see seal.ts). Made where it is missing; undefined: they are not sealed. */
  readonly keyFile?: string | undefined;
  /** How long to wait for another process that has the file, in milliseconds. */
  readonly busyTimeout?: number;
  /** An upper bound for the database's size, in pages of 4096 bytes. */
  readonly maxPages?: number | undefined;
  /** How many bytes one account may have in its archive, its documents and its nodes. */
  readonly accountBytes?: number | undefined;
  /** How many rows of the log may come before they are indexed by peer, and their bytes counted (see log_pass.ts). */
  readonly unindexedRows?: number | undefined;
}

/** Kept prepared; the store has about a hundred. The oldest is dropped first. */
const MAX_STATEMENTS = 300;

const CHECKPOINT_PAGES = 8192;

/**
 * EXCLUSIVE: cached ids are right only while nobody else writes, and the shared-memory index of the WAL is not needed.
 * A checkpoint each 32 MiB writes a page that many commits changed only once. No mmap: an I/O error would then end the
 * process with a signal and not with a fault.
 */
const SETTINGS = [
  "locking_mode = exclusive",
  "journal_mode = wal",
  "synchronous = full",
  "foreign_keys = on",
  "cache_size = -65536",
  "temp_store = memory",
  `wal_autocheckpoint = ${CHECKPOINT_PAGES}`,
  "journal_size_limit = 67108864",
];

export class Connection {
  readonly #database: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();
  #isHeld = false;

  /** Throws node:sqlite's errors, as every method does. */
  constructor(options: ConnectionOptions) {
    this.#database = new DatabaseSync(options.path);
    try {
      this.#set(`busy_timeout = ${options.busyTimeout ?? 2000}`);
      for (const setting of SETTINGS) this.#set(setting);
      if (options.maxPages !== undefined) this.#set(`max_page_count = ${options.maxPages}`);
    } catch (error) {
      this.#database.close();
      throw error;
    }
  }

  prepare(text: string): StatementSync {
    const known = this.#statements.get(text);
    if (known !== undefined) return known;
    const statement = this.#database.prepare(text);
    if (this.#statements.size >= MAX_STATEMENTS) this.#statements.delete(this.#statements.keys().next().value!);
    this.#statements.set(text, statement);
    return statement;
  }

  execute(text: string): void {
    this.prepare(text).run();
  }

  all(text: string, parameters: readonly SQLInputValue[]): Record<string, unknown>[] {
    return this.prepare(text).all(...parameters) as Record<string, unknown>[];
  }

  /**
   * As Store.hold. The log is emptied first: one that has been written back would be begun anew under whoever copies it, and its old
   * pages put back into a newer file.
   */
  hold(isHeld: boolean): boolean {
    const before = this.#isHeld;
    if (isHeld && !before && this.#emptyLog() !== 0) throw new Error("its log is in use");
    this.#set(`wal_autocheckpoint = ${isHeld ? 0 : CHECKPOINT_PAGES}`);
    this.#isHeld = isHeld;
    return before;
  }

  /** Writes the log back into the database file. */
  close(): void {
    this.#statements.clear();
    try {
      this.#emptyLog();
    } finally {
      this.#database.close();
    }
  }

  /** Not 0: it could not be done. */
  #emptyLog(): unknown {
    return this.#database.prepare("pragma wal_checkpoint(truncate)").get()?.busy;
  }

  #set(setting: string): void {
    this.#database.prepare(`pragma ${setting}`).all();
  }
}
