/** The row numbers of timelines that still take steps. @module */
import type { Connection } from "./connection.ts";
import { type Query, query, type Slot } from "./query.ts";
import type { Tables } from "./schema.ts";

interface Timeline {
  readonly n: number;
  readonly settled: string | null;
}

const MAX_CACHED = 50_000;

/** Cached, since most steps come soon after their timeline was opened: no other process writes the database (see connection.ts). */
export class TimelineNumbers {
  readonly #numbers = new Map<string, number>();
  readonly #select: Query<[id: string], Timeline>;

  constructor(connection: Connection, tables: Tables) {
    this.#select = query(connection, (id: Slot<string>) =>
      tables.selectFrom("timeline").select(["n", "settled"]).where("id", "=", id),
    );
  }

  /** Undefined: there is no such timeline. */
  of(id: string): number | "settled" | undefined {
    const known = this.#numbers.get(id);
    if (known !== undefined) return known;
    const timeline = this.#select.first(id);
    if (timeline === undefined) return undefined;
    if (timeline.settled !== null) return "settled";
    this.opened(id, timeline.n);
    return timeline.n;
  }

  opened(id: string, n: number): void {
    if (this.#numbers.size >= MAX_CACHED) this.#numbers.clear();
    this.#numbers.set(id, n);
  }

  settled(id: string): void {
    this.#numbers.delete(id);
  }

  /** After a rollback, which may have undone a timeline or its end, and after timelines went. */
  forget(): void {
    this.#numbers.clear();
  }
}
