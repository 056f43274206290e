/** Adds steps to timelines: few statements for all steps of a call. @module */
import type { SQLInputValue } from "node:sqlite";
import type { NewStep } from "../store.ts";
import type { Connection } from "./connection.ts";
import type { EarlySteps } from "./early_steps.ts";
import { ManyRows } from "./many_rows.ts";
import { type Query, query, type Slot } from "./query.ts";
import type { Tables } from "./schema.ts";
import type { TimelineNumbers } from "./timeline_numbers.ts";

const COLUMNS = ["timeline_n", "at", "kind", "detail", "settles"] as const;

export class StepWriter {
  readonly #numbers: TimelineNumbers;
  readonly #early: EarlySteps;
  readonly #rows: ManyRows;
  readonly #settle: Query<[settled: string, n: number], unknown>;

  constructor(connection: Connection, tables: Tables, numbers: TimelineNumbers, early: EarlySteps) {
    this.#numbers = numbers;
    this.#early = early;
    this.#rows = new ManyRows(connection, COLUMNS.length, (size) => insertion(tables, size));
    this.#settle = query(connection, (settled: Slot<string>, n: Slot<number>) =>
      tables.updateTable("timeline").set({ settled }).where("n", "=", n),
    );
  }

  write(steps: readonly NewStep[]): void {
    const rows: SQLInputValue[] = [];
    for (const step of steps) {
      const { timeline, at, kind, detail, settles } = step;
      const n = this.#numbers.of(timeline);
      if (n === undefined) this.#early.hold(step);
      if (typeof n !== "number") continue;
      rows.push(n, at, kind, detail ?? null, settles ?? null);
      if (settles === undefined) continue;
      this.#settle.run(settles, n);
      this.#numbers.settled(timeline);
    }
    this.#rows.insert(rows);
  }
}

function insertion(tables: Tables, size: number): string {
  const row = Object.fromEntries(COLUMNS.map((column) => [column, 0]));
  return tables
    .insertInto("timeline_step")
    .values(Array.from({ length: size }, () => row) as never)
    .compile().sql;
}
