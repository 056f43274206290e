/**
 * Many rows in few statements: the cost of a row is mostly that of the call into SQLite.
 * @module
 */
import type { SQLInputValue } from "node:sqlite";
import type { Connection } from "./connection.ts";
import type { Schema, Tables } from "./schema.ts";

/** Statements for so many rows are prepared; any number is put together from them. */
const SIZES = [64, 16, 4, 1] as const;

/** Inserts rows into one table and leaves rows alone that are there already. */
export class BulkInsert {
  readonly #connection: Connection;
  readonly #width: number;
  readonly #statements: readonly { readonly size: number; readonly text: string }[];

  constructor(connection: Connection, tables: Tables, table: keyof Schema, columns: readonly string[]) {
    this.#connection = connection;
    this.#width = columns.length;
    const row = Object.fromEntries(columns.map((column) => [column, 0]));
    this.#statements = SIZES.map((size) => ({
      size,
      text: tables
        .insertInto(table)
        .values(Array.from({ length: size }, () => row) as never)
        .onConflict((conflict) => conflict.doNothing())
        .compile().sql,
    }));
  }

  /** `values`: row after row, each in the order of the columns. Returns how many were not there before. */
  run(values: readonly SQLInputValue[]): number {
    let inserted = 0;
    let start = 0;
    for (const { size, text } of this.#statements) {
      const count = size * this.#width;
      for (; values.length - start >= count; start += count) {
        inserted += Number(this.#connection.prepare(text).run(...values.slice(start, start + count)).changes);
      }
    }
    return inserted;
  }
}
