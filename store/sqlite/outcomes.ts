/**
 * The timelines of tracked messages. The cursor is the row number of a step: SQLite has one writer, so it grows in the order of the
 * commits, and `autoincrement` gives no number twice.
 * @module
 */
import type { KeptStep, KeptTimeline, NewStep, NewTimeline, OutcomeOperations, TimelineQuery } from "../store.ts";
import type { Connection } from "./connection.ts";
import { query, type Slot } from "./query.ts";
import type { Tables } from "./schema.ts";

interface TimelineRow {
  readonly n: number;
  readonly id: string;
  readonly key: string | null;
  readonly digest: string | null;
  readonly stanza: string | null;
  readonly sender: string;
  readonly recipient: string;
  readonly at: number;
  readonly settled: string | null;
}

const COLUMNS = ["n", "id", "key", "digest", "stanza", "sender", "recipient", "at", "settled"] as const;

export function outcomeOperations(connection: Connection, tables: Tables): OutcomeOperations {
  const queries = outcomeQueries(connection, tables);

  const withSteps = (row: TimelineRow | undefined): KeptTimeline | undefined =>
    row && { ...timelineOf(row), steps: queries.stepsOf.all(row.n).map((step) => stepOf({ ...step, id: row.id })) };

  const note = ({ timeline, at, kind, detail, settles }: NewStep): number => {
    const known = queries.byId.first(timeline);
    if (known === undefined || known.settled !== null) return 0;
    if (settles !== undefined) queries.settle.run(settles, known.n);
    return queries.addStep.run(known.n, at, kind, detail ?? null, settles ?? null);
  };

  return {
    openTimeline({ id, key, digest, stanza, from, to, at }: NewTimeline) {
      const known = key === undefined ? queries.byId.first(id) : queries.byKey.first(key);
      if (known !== undefined) return { id: known.id, isNew: false, digest: known.digest ?? undefined };
      queries.open.run(id, key ?? null, digest ?? null, stanza ?? null, from, to, bare(from), bare(to), at);
      return { id, isNew: true, digest };
    },
    noteSteps: (steps) => steps.reduce((written, step) => written + note(step), 0),
    timeline: (id) => withSteps(queries.byId.first(id)),
    timelineOfKey: (key) => withSteps(queries.byKey.first(key)),
    timelines: (asked) => page(connection, tables, asked, asked.after && queries.byId.first(asked.after)?.n),
    stepsAfter: (cursor, limit) => queries.stepsAfter.all(cursor, limit).map(stepOf),
    pruneTimelines(before: number, limit: number): number {
      const old = queries.old.all(before, limit);
      for (const { n } of old) {
        queries.dropSteps.run(n);
        queries.drop.run(n);
      }
      return old.length;
    },
  };
}

/** Newest first. Each combination of conditions is a query of its own. */
function page(
  connection: Connection,
  tables: Tables,
  { from, to, stanza, settled, since, limit }: TimelineQuery,
  below: number | "" | undefined,
): readonly Omit<KeptTimeline, "steps">[] {
  const newest = typeof below === "number" ? below : Number.MAX_SAFE_INTEGER;
  let asked = tables.selectFrom("timeline").select(COLUMNS).where("n", "<", newest).orderBy("n", "desc").limit(limit);
  if (from !== undefined) asked = asked.where("sender_bare", "=", from);
  if (to !== undefined) asked = asked.where("recipient_bare", "=", to);
  if (stanza !== undefined) asked = asked.where("stanza", "=", stanza);
  if (settled === "") asked = asked.where("settled", "is", null);
  else if (settled !== undefined) asked = asked.where("settled", "=", settled);
  if (since !== undefined) asked = asked.where("at", ">=", since);
  const { sql, parameters } = asked.compile();
  return (connection.prepare(sql).all(...(parameters as (string | number)[])) as unknown as TimelineRow[]).map(
    timelineOf,
  );
}

function timelineOf({
  id,
  key,
  digest,
  stanza,
  sender,
  recipient,
  at,
  settled,
}: TimelineRow): Omit<KeptTimeline, "steps"> {
  return {
    id,
    key: key ?? undefined,
    digest: digest ?? undefined,
    stanza: stanza ?? undefined,
    from: sender,
    to: recipient,
    at,
    settled: settled ?? undefined,
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

function bare(jid: string): string {
  const slash = jid.indexOf("/");
  return slash < 0 ? jid : jid.slice(0, slash);
}

function outcomeQueries(connection: Connection, tables: Tables) {
  const timelines = () => tables.selectFrom("timeline").select(COLUMNS);
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
        sender_bare: Slot<string>,
        recipient_bare: Slot<string>,
        at: Slot<number>,
      ) =>
        tables
          .insertInto("timeline")
          .values({ id, key, digest, stanza, sender, recipient, sender_bare, recipient_bare, at }),
    ),
    settle: query(connection, (settled: Slot<string>, n: Slot<number>) =>
      tables.updateTable("timeline").set({ settled }).where("n", "=", n),
    ),
    addStep: query(
      connection,
      (
        timeline_n: Slot<number>,
        at: Slot<number>,
        kind: Slot<string>,
        detail: Slot<string | null>,
        settles: Slot<string | null>,
      ) => tables.insertInto("timeline_step").values({ timeline_n, at, kind, detail, settles }),
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
        .selectFrom("timeline_step")
        .innerJoin("timeline", "timeline.n", "timeline_step.timeline_n")
        .select([
          "timeline_step.cursor",
          "timeline.id",
          "timeline_step.at",
          "timeline_step.kind",
          "timeline_step.detail",
          "timeline_step.settles",
        ])
        .where("timeline_step.cursor", ">", cursor)
        .orderBy("timeline_step.cursor")
        .limit(limit),
    ),
    old: query(connection, (before: Slot<number>, limit: Slot<number>) =>
      tables.selectFrom("timeline").select("n").where("at", "<", before).orderBy("at").limit(limit),
    ),
    dropSteps: query(connection, (n: Slot<number>) => tables.deleteFrom("timeline_step").where("timeline_n", "=", n)),
    drop: query(connection, (n: Slot<number>) => tables.deleteFrom("timeline").where("n", "=", n)),
  };
}
