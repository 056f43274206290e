/** Timelines by page, newest first. Each combination of conditions is a statement of its own. @module */
import type { SQLInputValue } from "node:sqlite";
import { type RawBuilder, sql } from "kysely";
import type { KeptTimeline, TimelineQuery } from "../store.ts";
import type { Connection } from "./connection.ts";
import type { RowIds } from "./row_ids.ts";
import type { Tables } from "./schema.ts";

export interface TimelineRow {
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

export const TIMELINE_COLUMNS = ["n", "id", "key", "digest", "stanza", "sender", "recipient", "at", "settled"] as const;

/** `after`: the last one of the page before. */
export function timelinePage(
  connection: Connection,
  tables: Tables,
  ids: RowIds,
  asked: TimelineQuery,
  after: TimelineRow | undefined,
): readonly Omit<KeptTimeline, "steps">[] {
  const conditions = conditionsOf(asked, ids);
  if (conditions === undefined) return [];
  const { since = Number.MIN_SAFE_INTEGER, limit } = asked;
  const { at, n } = after ?? { at: Number.MAX_SAFE_INTEGER, n: Number.MAX_SAFE_INTEGER };
  const { sql: text, parameters } = tables
    .selectFrom("timeline")
    .select(TIMELINE_COLUMNS)
    .where(({ and }) => and(conditions))
    .where("at", ">=", since)
    .where(sql<boolean>`(at, n) < (${at}, ${n})`)
    .orderBy("at", "desc")
    .orderBy("n", "desc")
    .limit(limit)
    .compile();
  const rows = connection.all(text, parameters as readonly SQLInputValue[]);
  return (rows as unknown as readonly TimelineRow[]).map(timelineOf);
}

/**
 * The first condition chooses the index; with a sign before its column another one chooses none (SQLite has no figures to choose
 * by). An application sends to many: of two sides the recipient chooses. Undefined: no timeline has such a side.
 */
function conditionsOf(
  { from, to, stanza, settled }: TimelineQuery,
  ids: RowIds,
): readonly RawBuilder<boolean>[] | undefined {
  const [sender, recipient] = [from, to].map((jid) => (jid === undefined ? undefined : (ids.peer(jid) ?? null)));
  if (sender === null || recipient === null) return undefined;
  const conditions: RawBuilder<boolean>[] = [];
  const sign = () => sql.raw(conditions.length === 0 ? "" : "+");
  // Its index has the sender too.
  if (stanza !== undefined) {
    conditions.push(sql`stanza = ${stanza}`);
    if (sender !== undefined) conditions.push(sql`sender_id = ${sender}`);
  }
  if (recipient !== undefined) conditions.push(sql`${sign()}recipient_id = ${recipient}`);
  if (sender !== undefined && stanza === undefined) conditions.push(sql`${sign()}sender_id = ${sender}`);
  if (settled !== undefined) conditions.push(sql`${sign()}settled is ${settled === "" ? null : settled}`);
  return conditions;
}

export function timelineOf(row: TimelineRow): Omit<KeptTimeline, "steps"> {
  const { id, key, digest, stanza, sender, recipient, at, settled } = row;
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

export function bareOf(jid: string): string {
  const slash = jid.indexOf("/");
  return slash < 0 ? jid : jid.slice(0, slash);
}
