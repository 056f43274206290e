/**
 * Steps that have come before their timeline: the process that opens it is another one, and commits by itself. Steps of timelines that
 * are gone wait here too, until they are as old.
 * @module
 */
import type { NewStep } from "../store.ts";
import type { Connection } from "./connection.ts";
import { type Query, query, type Slot } from "./query.ts";
import type { Tables } from "./schema.ts";

interface EarlyRow {
  readonly at: number;
  readonly kind: string;
  readonly detail: string | null;
  readonly settles: string | null;
}

export class EarlySteps {
  readonly #hold: Query<
    [timeline: string, at: number, kind: string, detail: string | null, settles: string | null],
    unknown
  >;
  readonly #of: Query<[timeline: string], EarlyRow>;
  readonly #drop: Query<[timeline: string], unknown>;
  readonly #prune: Query<[before: number, limit: number], unknown>;
  /** A table without rows is not asked for every timeline. */
  #hasRows: boolean;

  constructor(connection: Connection, tables: Tables) {
    this.#hold = query(
      connection,
      (
        timeline: Slot<string>,
        at: Slot<number>,
        kind: Slot<string>,
        detail: Slot<string | null>,
        settles: Slot<string | null>,
      ) => tables.insertInto("early_step").values({ timeline, at, kind, detail, settles }),
    );
    this.#of = query(connection, (timeline: Slot<string>) =>
      tables
        .selectFrom("early_step")
        .select(["at", "kind", "detail", "settles"])
        .where("timeline", "=", timeline)
        .orderBy("n"),
    );
    this.#drop = query(connection, (timeline: Slot<string>) =>
      tables.deleteFrom("early_step").where("timeline", "=", timeline),
    );
    this.#prune = query(connection, (before: Slot<number>, limit: Slot<number>) =>
      tables
        .deleteFrom("early_step")
        .where("n", "in", tables.selectFrom("early_step").select("n").where("at", "<", before).limit(limit)),
    );
    this.#hasRows = connection.all("select 1 from early_step limit 1", []).length > 0;
  }

  hold({ timeline, at, kind, detail, settles }: NewStep): void {
    this.#hasRows = true;
    this.#hold.run(timeline, at, kind, detail ?? null, settles ?? null);
  }

  /** Those of a timeline that has been opened, in their order. */
  take(timeline: string): readonly NewStep[] {
    if (!this.#hasRows) return NONE;
    const rows = this.#of.all(timeline);
    if (rows.length === 0) return NONE;
    this.#drop.run(timeline);
    return rows.map(({ at, kind, detail, settles }) => ({
      timeline,
      at,
      kind,
      detail: detail ?? undefined,
      settles: settles ?? undefined,
    }));
  }

  prune(before: number, limit: number): void {
    if (this.#hasRows) this.#prune.run(before, limit);
  }
}

const NONE: readonly NewStep[] = [];
