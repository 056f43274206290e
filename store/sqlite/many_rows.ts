/**
 * Insertions of many rows in few statements: the cost of a row is mostly that of the call into SQLite.
 * @module
 */
import type { SQLInputValue } from "node:sqlite";
import type { Connection } from "./connection.ts";

/** Statements for so many rows are prepared; any number is put together from them. */
const SIZES = [64, 16, 4, 1] as const;

export class ManyRows {
  readonly #connection: Connection;
  readonly #width: number;
  readonly #statements: readonly { readonly size: number; readonly text: string }[];

  /** `width`: how many columns a row has; `textOf` writes the statement for so many rows. */
  constructor(connection: Connection, width: number, textOf: (rows: number) => string) {
    this.#connection = connection;
    this.#width = width;
    this.#statements = SIZES.map((size) => ({ size, text: textOf(size) }));
  }

  /** The values of all rows, one row after the other. */
  insert(values: readonly SQLInputValue[]): void {
    let start = 0;
    for (const { size, text } of this.#statements) {
      const count = size * this.#width;
      for (; values.length - start >= count; start += count) {
        this.#connection.prepare(text).run(...values.slice(start, start + count));
      }
    }
  }
}
