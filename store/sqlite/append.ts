/**
 * The hottest write: the rows of many messages, one for each owner who archives a message or waits for it.
 * The cost of a row is mostly that of the call into SQLite, so many rows go in few statements.
 * @module
 */
import type { SQLInputValue } from "node:sqlite";
import { sql } from "kysely";
import type { NewMessage } from "../store.ts";
import type { ArchivedRows } from "./archived_rows.ts";
import type { Connection } from "./connection.ts";
import type { LogPass } from "./log_pass.ts";
import type { RowIds } from "./row_ids.ts";
import type { Tables } from "./schema.ts";

/** Statements for so many rows are prepared; any number is put together from them. */
const SIZES = [64, 16, 4, 1] as const;

const COLUMNS = ["id", "owner_id", "seq", "peer_id", "text", "archived", "waits", "rules", "deadline"] as const;
const WIDTH = COLUMNS.length;
const OWNER = COLUMNS.indexOf("owner_id");
const WAITS = COLUMNS.indexOf("waits");
const RULES = COLUMNS.indexOf("rules");
const DEADLINE = COLUMNS.indexOf("deadline");

export class Append {
  readonly #connection: Connection;
  readonly #ids: RowIds;
  readonly #pass: LogPass;
  readonly #archived: ArchivedRows;
  readonly #statements: readonly { readonly size: number; readonly text: string }[];

  constructor(connection: Connection, tables: Tables, ids: RowIds, pass: LogPass, archived: ArchivedRows) {
    this.#connection = connection;
    this.#ids = ids;
    this.#pass = pass;
    this.#archived = archived;
    this.#statements = SIZES.map((size) => ({ size, text: insertion(tables, size) }));
  }

  /** Returns the owners whose archives had to be pruned. */
  run(messages: readonly NewMessage[]): readonly string[] | undefined {
    const rows: SQLInputValue[] = [];
    for (const message of messages) this.#addRows(message, rows);
    this.#insert(rows);
    const count = rows.length / WIDTH;
    const full = this.#pass.added(this.#pass.nextId + count);
    return full.size === 0 ? undefined : [...full].map((owner) => this.#archived.makeRoom(owner, count));
  }

  #addRows({ seq, text, archive, pending }: NewMessage, rows: SQLInputValue[]): void {
    const start = rows.length;
    const row = (owner: number, peer: number | null) => {
      rows.push(this.#pass.nextId + rows.length / WIDTH, owner, seq, peer, text, peer === null ? 0 : 1, 0, null, null);
      return rows.length - WIDTH;
    };
    for (const entry of archive) {
      const owner = this.#ids.owner(entry.owner);
      if (owner === undefined || rowOf(rows, start, owner) !== undefined) continue;
      row(owner, this.#ids.internPeer(entry.peer));
    }
    const owner = pending && this.#ids.owner(pending.owner);
    if (owner === undefined) return;
    const at = rowOf(rows, start, owner) ?? row(owner, null);
    rows[at + WAITS] = 1;
    rows[at + RULES] = pending!.rules ?? null;
    rows[at + DEADLINE] = pending!.deadline ?? null;
  }

  #insert(rows: readonly SQLInputValue[]): void {
    let start = 0;
    for (const { size, text } of this.#statements) {
      const count = size * WIDTH;
      for (; rows.length - start >= count; start += count) {
        this.#connection.prepare(text).run(...rows.slice(start, start + count));
      }
    }
  }
}

/** Where the row of that owner begins, among those of one message. */
function rowOf(rows: readonly SQLInputValue[], start: number, owner: number): number | undefined {
  for (let at = start; at < rows.length; at += WIDTH) if (rows[at + OWNER] === owner) return at;
  return undefined;
}

/** A row that is there already may only begin to wait. */
function insertion(tables: Tables, size: number): string {
  const row = Object.fromEntries(COLUMNS.map((column) => [column, 0]));
  return tables
    .insertInto("log")
    .values(Array.from({ length: size }, () => row) as never)
    .onConflict((conflict) =>
      conflict
        .columns(["owner_id", "seq"])
        .doUpdateSet(({ ref }) => ({
          waits: sql.lit(1),
          rules: ref("excluded.rules"),
          deadline: ref("excluded.deadline"),
        }))
        .where(sql<boolean>`excluded.waits = 1 and log.waits = 0`),
    )
    .compile().sql;
}
