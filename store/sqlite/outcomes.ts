/**
 * The timelines of tracked messages. The cursor is the row number of a step: SQLite has one writer, so it grows in the order of the
 * commits, and `autoincrement` gives no number twice.
 * @module
 */
import type { KeptStep, KeptTimeline, KnownTimeline, NewTimeline, OutcomeOperations, TimelineQuery } from "../store.ts";
import type { Connection } from "./connection.ts";
import { EarlySteps } from "./early_steps.ts";
import { query, type Slot } from "./query.ts";
import type { RowIds } from "./row_ids.ts";
import type { Tables } from "./schema.ts";
import { StepWriter } from "./step_writer.ts";
import type { TimelineNumbers } from "./timeline_numbers.ts";
import { bareOf, TIMELINE_COLUMNS, type TimelineRow, timelineOf, timelinePage } from "./timeline_page.ts";

export function outcomeOperations(
  connection: Connection,
  tables: Tables,
  ids: RowIds,
  numbers: TimelineNumbers,
): OutcomeOperations {
  const queries = outcomeQueries(connection, tables);
  const early = new EarlySteps(connection, tables);
  const steps = new StepWriter(connection, tables, numbers, early);

  const withSteps = (row: TimelineRow | undefined): KeptTimeline | undefined =>
    row && { ...timelineOf(row), steps: queries.stepsOf.all(row.n).map((step) => stepOf({ ...step, id: row.id })) };

  /** Returns false where the id is known. */
  const open = ({ id, key, digest, stanza, from, to, at }: NewTimeline): boolean => {
    const [sender, recipient] = [ids.internPeer(bareOf(from)), ids.internPeer(bareOf(to))];
    const optional = [key ?? null, digest ?? null, stanza ?? null] as const;
    const n = queries.open.insert(id, ...optional, from, to, sender, recipient, at);
    if (n === undefined) return false;
    numbers.opened(id, n);
    const come = early.take(id);
    if (come.length > 0) steps.write(come);
    return true;
  };

  return {
    openTimeline(timeline: NewTimeline): KnownTimeline | undefined {
      const { id, key } = timeline;
      const ofKey = key === undefined ? undefined : queries.byKey.first(key);
      if (ofKey === undefined && open(timeline)) return undefined;
      const known = ofKey ?? queries.byId.first(id)!;
      return { id: known.id, digest: known.digest ?? undefined };
    },
    noteSteps: (noted) => steps.write(noted),
    timeline: (id) => withSteps(queries.byId.first(id)),
    timelineOfKey: (key) => withSteps(queries.byKey.first(key)),
    timelines(asked: TimelineQuery) {
      const after = asked.after === undefined ? undefined : queries.byId.first(asked.after);
      if (asked.after !== undefined && after === undefined) return [];
      return timelinePage(connection, tables, ids, asked, after);
    },
    stepsAfter: (cursor, limit) =>
      queries.stepsAfter
        .all(cursor, limit)
        .map((row) => ({ ...stepOf(row), from: row.sender, to: row.recipient, began: row.began })),
    lastStep: () => queries.lastStep.first()?.cursor ?? 0,
    pruneTimelines(before: number, limit: number): number {
      const old = queries.old.all(before, limit);
      for (const { n } of old) {
        queries.dropSteps.run(n);
        queries.drop.run(n);
      }
      numbers.forget();
      early.prune(before, limit);
      return old.length;
    },
    putFollower(name: string, state: string): void {
      queries.putFollower.run(name, state);
    },
    follower: (name) => queries.follower.first(name)?.state,
  };
}

interface StepRow {
  readonly cursor: number;
  readonly id: string;
  readonly at: number;
  readonly kind: string;
  readonly detail: string | null;
  readonly settles: string | null;
}

function stepOf({ cursor, id, at, kind, detail, settles }: StepRow): KeptStep {
  return { cursor, timeline: id, at, kind, detail: detail ?? undefined, settles: settles ?? undefined };
}

function outcomeQueries(connection: Connection, tables: Tables) {
  const timelines = () => tables.selectFrom("timeline").select(TIMELINE_COLUMNS);
  return {
    byId: query(connection, (id: Slot<string>) => timelines().where("id", "=", id)),
    byKey: query(connection, (key: Slot<string>) => timelines().where("key", "=", key)),
    open: query(
      connection,
      (
        id: Slot<string>,
        key: Slot<string | null>,
        digest: Slot<string | null>,
        stanza: Slot<string | null>,
        sender: Slot<string>,
        recipient: Slot<string>,
        sender_id: Slot<number>,
        recipient_id: Slot<number>,
        at: Slot<number>,
      ) =>
        tables
          .insertInto("timeline")
          .values({ id, key, digest, stanza, sender, recipient, sender_id, recipient_id, at })
          .onConflict((conflict) => conflict.column("id").doNothing()),
    ),
    stepsOf: query(connection, (n: Slot<number>) =>
      tables
        .selectFrom("timeline_step")
        .select(["cursor", "at", "kind", "detail", "settles"])
        .where("timeline_n", "=", n)
        .orderBy("cursor"),
    ),
    stepsAfter: query(connection, (cursor: Slot<number>, limit: Slot<number>) =>
      tables
        .selectFrom("timeline_step as s")
        .innerJoin("timeline as t", "t.n", "s.timeline_n")
        .select(["s.cursor", "t.id", "s.at", "s.kind", "s.detail", "s.settles", "t.sender", "t.recipient"])
        .select("t.at as began")
        .where("s.cursor", ">", cursor)
        .orderBy("s.cursor")
        .limit(limit),
    ),
    lastStep: query(connection, () =>
      tables.selectFrom("timeline_step").select("cursor").where("cursor", ">", 0).orderBy("cursor", "desc").limit(1),
    ),
    putFollower: query(connection, (name: Slot<string>, state: Slot<string>) =>
      tables.insertInto("follower").orReplace().values({ name, state }),
    ),
    follower: query(connection, (name: Slot<string>) =>
      tables.selectFrom("follower").select("state").where("name", "=", name),
    ),
    old: query(connection, (before: Slot<number>, limit: Slot<number>) =>
      tables.selectFrom("timeline").select("n").where("at", "<", before).orderBy("at").limit(limit),
    ),
    dropSteps: query(connection, (n: Slot<number>) => tables.deleteFrom("timeline_step").where("timeline_n", "=", n)),
    drop: query(connection, (n: Slot<number>) => tables.deleteFrom("timeline").where("n", "=", n)),
  };
}
