/**
 * Queries that Kysely writes once and SQLite prepares once; each use only binds its values.
 * @module
 */

import type { SQLInputValue, StatementSync } from "node:sqlite";
import { type Compilable, type RawBuilder, sql } from "kysely";
import type { Connection } from "./connection.ts";

/** Stands in a query where a value of type `T` will be bound. */
export type Slot<T> = RawBuilder<T>;

export type Bindable = string | number | null;

class SlotMarker {
  readonly index: number;
  constructor(index: number) {
    this.index = index;
  }
}

/** A prepared query with the values `P`, in the order of the slots, and rows `R`. */
export class Query<P extends readonly Bindable[], R> {
  readonly text: string;
  readonly #connection: Connection;
  /** What is bound in the order of the text: a slot, or a value that the query itself holds. */
  readonly #parameters: readonly unknown[];
  /** Whether the slots stand in the text in their own order, and nothing else does. */
  readonly #direct: boolean;

  constructor(connection: Connection, compiled: { readonly sql: string; readonly parameters: readonly unknown[] }) {
    this.text = compiled.sql;
    this.#connection = connection;
    this.#parameters = compiled.parameters;
    this.#direct = compiled.parameters.every((value, index) => value instanceof SlotMarker && value.index === index);
  }

  all(...values: P): R[] {
    return this.#statement().all(...this.#bind(values)) as R[];
  }

  first(...values: P): R | undefined {
    return this.#statement().get(...this.#bind(values)) as R | undefined;
  }

  /** Returns how many rows were changed. */
  run(...values: P): number {
    return Number(this.#statement().run(...this.#bind(values)).changes);
  }

  /** For an insertion of one row: its row id; undefined where nothing was inserted. Costs a third of a `returning`. */
  insert(...values: P): number | undefined {
    const { changes, lastInsertRowid } = this.#statement().run(...this.#bind(values));
    return Number(changes) === 0 ? undefined : Number(lastInsertRowid);
  }

  #statement(): StatementSync {
    return this.#connection.prepare(this.text);
  }

  #bind(values: readonly Bindable[]): readonly SQLInputValue[] {
    if (this.#direct) return values;
    return this.#parameters.map((parameter) =>
      parameter instanceof SlotMarker ? values[parameter.index]! : (parameter as SQLInputValue),
    );
  }
}

/** How long the texts of the columns are together as UTF-8; the texts themselves are not read. */
export function octets(...columns: readonly string[]): RawBuilder<number> {
  const lengths = columns.map((column) => sql`octet_length(${sql.ref(column)})`);
  return sql<number>`${sql.join(lengths, sql` + `)}`;
}

/** Makes a query out of what `build` writes around its slots. */
export function query<P extends readonly Bindable[], R>(
  connection: Connection,
  build: (...slots: { readonly [K in keyof P]: Slot<P[K]> }) => Compilable<R>,
): Query<P, R> {
  const slots = Array.from({ length: build.length }, (_, index) => sql.val(new SlotMarker(index)));
  const compiled = build(...(slots as unknown as { readonly [K in keyof P]: Slot<P[K]> })).compile();
  return new Query<P, R>(connection, compiled);
}
