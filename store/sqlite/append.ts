/**
 * The hottest write: rows of many logs.
 * @module
 */
import type { SQLInputValue } from "node:sqlite";
import { sql } from "kysely";
import type { NewMessage } from "../store.ts";
import type { ArchivedRows } from "./archived_rows.ts";
import type { Connection } from "./connection.ts";
import type { LogPass } from "./log_pass.ts";
import { ManyRows } from "./many_rows.ts";
import type { RowIds } from "./row_ids.ts";
import type { Tables } from "./schema.ts";

const COLUMNS = [
  "id",
  "owner_id",
  "seq",
  "peer_id",
  "text",
  "archived",
  "waits",
  "rules",
  "deadline",
  "timeline",
] as const;

export class Append {
  readonly #ids: RowIds;
  readonly #pass: LogPass;
  readonly #archived: ArchivedRows;
  readonly #rows: ManyRows;

  constructor(connection: Connection, tables: Tables, ids: RowIds, pass: LogPass, archived: ArchivedRows) {
    this.#ids = ids;
    this.#pass = pass;
    this.#archived = archived;
    this.#rows = new ManyRows(connection, COLUMNS.length, (size) => insertion(tables, size));
  }

  /** Returns the owners whose archives had to be pruned. */
  run(messages: readonly NewMessage[]): readonly string[] | undefined {
    const rows: SQLInputValue[] = [];
    let id = this.#pass.nextId;
    for (const message of messages) if (this.#addRow(id, message, rows)) id++;
    this.#rows.insert(rows);
    const count = id - this.#pass.nextId;
    const full = this.#pass.added(id);
    return full.size === 0 ? undefined : [...full].map((owner) => this.#archived.makeRoom(owner, count));
  }

  /** Returns false where there is nothing to write. */
  #addRow(id: number, { owner: jid, seq, text, peer, waiting }: NewMessage, rows: SQLInputValue[]): boolean {
    const owner = this.#ids.owner(jid);
    if (owner === undefined || (peer === undefined && waiting === undefined)) return false;
    const peerId = peer === undefined ? null : this.#ids.internPeer(peer);
    rows.push(id, owner, seq, peerId, text, peer === undefined ? 0 : 1);
    if (waiting === undefined) rows.push(0, null, null, null);
    else rows.push(1, waiting.rules ?? null, waiting.deadline ?? null, waiting.timeline ?? null);
    return true;
  }
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
          timeline: ref("excluded.timeline"),
        }))
        .where(sql<boolean>`excluded.waits = 1 and log.waits = 0`),
    )
    .compile().sql;
}
