/** Adds steps to timelines: few statements for all steps of a call. @module */
import type { SQLInputValue } from "node:sqlite";
import { sql } from "kysely";
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
  readonly #settle: Query<[settled: string, numbers: string], unknown>;

  constructor(connection: Connection, tables: Tables, numbers: TimelineNumbers, early: EarlySteps) {
    this.#numbers = numbers;
    this.#early = early;
    this.#rows = new ManyRows(connection, COLUMNS.length, (size) => insertion(tables, size));
    this.#settle = query(connection, (settled: Slot<string>, numbers: Slot<string>) =>
      tables
        .updateTable("timeline")
        .set({ settled })
        .where("n", "in", sql<number>`(select value from json_each(${numbers}))`),
    );
  }

  write(steps: readonly NewStep[]): void {
    const rows: SQLInputValue[] = [];
    const ended = new Set<string>();
    /** By outcome. */
    const settled = new Map<string, number[]>();
    for (const step of steps) {
      const { timeline, at, kind, detail, settles } = step;
      const n = ended.has(timeline) ? "settled" : this.#numbers.of(timeline);
      if (n === undefined) this.#early.hold(step);
      if (typeof n !== "number") continue;
      rows.push(n, at, kind, detail ?? null, settles ?? null);
      if (settles === undefined) continue;
      ended.add(timeline);
      const alike = settled.get(settles);
      if (alike === undefined) settled.set(settles, [n]);
      else alike.push(n);
    }
    this.#rows.insert(rows);
    for (const [settles, numbers] of settled) this.#settle.run(settles, JSON.stringify(numbers));
    for (const timeline of ended) this.#numbers.settled(timeline);
  }
}

function insertion(tables: Tables, size: number): string {
  const row = Object.fromEntries(COLUMNS.map((column) => [column, 0]));
  return tables
    .insertInto("timeline_step")
    .values(Array.from({ length: size }, () => row) as never)
    .compile().sql;
}
