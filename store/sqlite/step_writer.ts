/** Adds steps to timelines: one look-up for each timeline of a call, and few statements for all steps. @module */
import type { SQLInputValue } from "node:sqlite";
import type { NewStep } from "../store.ts";
import type { Connection } from "./connection.ts";
import { ManyRows } from "./many_rows.ts";
import { type Query, query, type Slot } from "./query.ts";
import type { Tables } from "./schema.ts";

const COLUMNS = ["timeline_n", "at", "kind", "detail", "settles"] as const;

interface Timeline {
  readonly n: number;
  readonly settled: string | null;
}

export class StepWriter {
  readonly #rows: ManyRows;
  readonly #timeline: Query<[id: string], Timeline>;
  readonly #settle: Query<[settled: string, n: number], unknown>;

  constructor(connection: Connection, tables: Tables) {
    this.#rows = new ManyRows(connection, COLUMNS.length, (size) => insertion(tables, size));
    this.#timeline = query(connection, (id: Slot<string>) =>
      tables.selectFrom("timeline").select(["n", "settled"]).where("id", "=", id),
    );
    this.#settle = query(connection, (settled: Slot<string>, n: Slot<number>) =>
      tables.updateTable("timeline").set({ settled }).where("n", "=", n),
    );
  }

  /** Returns how many were written. */
  write(steps: readonly NewStep[]): number {
    /** The number of each timeline; undefined: it takes no more. */
    const open = new Map<string, number | undefined>();
    const rows: SQLInputValue[] = [];
    for (const { timeline, at, kind, detail, settles } of steps) {
      if (!open.has(timeline)) open.set(timeline, this.#numberOf(timeline));
      const n = open.get(timeline);
      if (n === undefined) continue;
      rows.push(n, at, kind, detail ?? null, settles ?? null);
      if (settles === undefined) continue;
      this.#settle.run(settles, n);
      open.set(timeline, undefined);
    }
    this.#rows.insert(rows);
    return rows.length / COLUMNS.length;
  }

  #numberOf(id: string): number | undefined {
    const timeline = this.#timeline.first(id);
    return timeline?.settled === null ? timeline.n : undefined;
  }
}

function insertion(tables: Tables, size: number): string {
  const row = Object.fromEntries(COLUMNS.map((column) => [column, 0]));
  return tables
    .insertInto("timeline_step")
    .values(Array.from({ length: size }, () => row) as never)
    .compile().sql;
}
