/**
 * The log: one row a message for its owner, as long as the owner's archive has it or it waits.
 * @module
 */
import { sql } from "kysely";
import {
  type LogOperations,
  type PendingMessage,
  type SenderShare,
  StoreFault,
  type WaitingSummary,
} from "../store.ts";
import { Append } from "./append.ts";
import type { ArchivedRows } from "./archived_rows.ts";
import type { Connection } from "./connection.ts";
import type { LogPass } from "./log_pass.ts";
import { octets, query, type Slot } from "./query.ts";
import type { RowIds } from "./row_ids.ts";
import type { Tables } from "./schema.ts";
import { SenderShares } from "./sender_shares.ts";

/** How many texts are read at a time: each may be long. */
const SHARES_PAGE = 100;

export function logOperations(
  connection: Connection,
  tables: Tables,
  ids: RowIds,
  pass: LogPass,
  archived: ArchivedRows,
): LogOperations {
  const append = new Append(connection, tables, ids, pass, archived);
  const write = writeQueries(connection, tables);
  const read = readQueries(connection, tables);

  return {
    append: (messages) => append.run(messages),

    pend(entries): void {
      for (const { owner, seq, waiting } of entries) {
        const id = ids.owner(owner);
        if (id === undefined) continue;
        const { rules = null, deadline = null, timeline = null } = waiting;
        if (write.pend.run(rules, deadline, timeline, id, seq) === 1) continue;
        if (read.isInLog.first(id, seq) !== undefined) continue;
        throw new StoreFault("failed", `Cannot let message ${seq} wait: it is not in the log`);
      }
    },

    settle(entries): void {
      for (const { owner, seq } of entries) {
        const id = ids.owner(owner);
        if (id !== undefined && write.settle.run(id, seq) === 0) write.settleArchived.run(id, seq);
      }
    },

    setRules(owner: string, seq: number, rules: string | undefined, deadline: number | undefined): boolean {
      const id = ids.owner(owner);
      return id !== undefined && write.setRules.run(rules ?? null, deadline ?? null, id, seq) === 1;
    },

    withdraw(owner: string, seq: number): boolean {
      const id = ids.owner(owner);
      const row = id === undefined ? undefined : write.withdraw.first(id, seq);
      if (row === undefined) return false;
      if (row.archived === 1) pass.removed({ ...row, peer: row.peer! });
      return true;
    },

    pending(owner: string, after: number, limit: number): readonly PendingMessage[] {
      const id = ids.owner(owner);
      if (id === undefined) return [];
      return read.pending.all(id, after, limit).map(({ seq, text, rules, deadline, timeline, archived }) => ({
        seq,
        text,
        rules: rules ?? undefined,
        deadline: deadline ?? undefined,
        timeline: timeline ?? undefined,
        archived: archived === 1,
      }));
    },

    pendingShares(owner: string, without: readonly number[]): readonly SenderShare[] {
      const id = ids.owner(owner);
      if (id === undefined) return [];
      const shares = new SenderShares(without);
      for (let after = 0, more = true; more; ) {
        const rows = read.pending.all(id, after, SHARES_PAGE);
        for (const { seq, text } of rows) shares.add(seq, text);
        more = rows.length === SHARES_PAGE;
        after = rows.at(-1)?.seq ?? after;
      }
      return shares.list;
    },

    due: (until, limit, after = { at: Number.MIN_SAFE_INTEGER, seq: 0 }) =>
      read.due.all(until, after.at, after.seq, limit),

    nextDeadline: (after = Number.MIN_SAFE_INTEGER) => read.nextDeadline.first(after)!.at ?? undefined,

    waitingOwners(): readonly string[] {
      const owners = read.otherOwners.all("");
      return owners.filter(({ id }) => read.pending.all(id, 0, 1).length > 0).map(({ jid }) => jid);
    },

    waitingSummary(until: number): WaitingSummary {
      const { messages, oldest } = read.waiting.first()!;
      return { messages, oldest: oldest ?? undefined, due: read.dueCount.first(until)!.due };
    },
  };
}

/** In partial indices: SQLite takes one only where the query has its condition as it stands there. */
const YES = sql.lit(1);
const NO = sql.lit(0);

function writeQueries(connection: Connection, tables: Tables) {
  return {
    pend: query(
      connection,
      (
        rules: Slot<string | null>,
        deadline: Slot<number | null>,
        timeline: Slot<string | null>,
        owner: Slot<number>,
        seq: Slot<number>,
      ) =>
        tables
          .updateTable("log")
          .set({ waits: YES, rules, deadline, timeline })
          .where("owner_id", "=", owner)
          .where("seq", "=", seq)
          .where("waits", "=", NO),
    ),
    settle: query(connection, (owner: Slot<number>, seq: Slot<number>) =>
      tables
        .deleteFrom("log")
        .where("owner_id", "=", owner)
        .where("seq", "=", seq)
        .where("waits", "=", YES)
        .where("archived", "=", NO),
    ),
    settleArchived: query(connection, (owner: Slot<number>, seq: Slot<number>) =>
      tables
        .updateTable("log")
        .set({ waits: NO, rules: null, deadline: null, timeline: null })
        .where("owner_id", "=", owner)
        .where("seq", "=", seq)
        .where("waits", "=", YES),
    ),
    setRules: query(
      connection,
      (rules: Slot<string | null>, deadline: Slot<number | null>, owner: Slot<number>, seq: Slot<number>) =>
        tables
          .updateTable("log")
          .set({ rules, deadline })
          .where("owner_id", "=", owner)
          .where("seq", "=", seq)
          .where("waits", "=", YES),
    ),
    withdraw: query(connection, (owner: Slot<number>, seq: Slot<number>) =>
      tables
        .deleteFrom("log")
        .where("owner_id", "=", owner)
        .where("seq", "=", seq)
        .where("waits", "=", YES)
        .returning(["id", "owner_id as owner", "seq", "peer_id as peer", "waits", "archived"])
        .returning(octets("text").as("bytes")),
    ),
  };
}

function readQueries(connection: Connection, tables: Tables) {
  return {
    isInLog: query(connection, (owner: Slot<number>, seq: Slot<number>) =>
      tables.selectFrom("log").select("seq").where("owner_id", "=", owner).where("seq", "=", seq),
    ),
    pending: query(connection, (owner: Slot<number>, after: Slot<number>, limit: Slot<number>) =>
      tables
        .selectFrom("log")
        .select(["seq", "text", "rules", "deadline", "timeline", "archived"])
        .where("owner_id", "=", owner)
        .where("waits", "=", YES)
        .where("seq", ">", after)
        .orderBy("seq")
        .limit(limit),
    ),
    due: query(connection, (until: Slot<number>, at: Slot<number>, seq: Slot<number>, limit: Slot<number>) =>
      tables
        .selectFrom("log as l")
        .innerJoin("owner as o", "o.id", "l.owner_id")
        .select(["o.jid as owner", "l.seq", sql<number>`l.deadline`.as("at")])
        .where("l.deadline", "is not", null)
        .where("l.deadline", "<=", until)
        .where(sql<boolean>`(l.deadline, l.seq) > (${at}, ${seq})`)
        .orderBy("l.deadline")
        .orderBy("l.seq")
        .limit(limit),
    ),
    otherOwners: query(connection, (after: Slot<string>) =>
      tables
        .selectFrom("owner")
        .select(["id", "jid"])
        .where("jid", ">", after)
        .where("kind", "!=", sql.lit("account" as const))
        .orderBy("jid"),
    ),
    waiting: query(connection, () =>
      tables
        .selectFrom("log")
        .select(({ fn }) => [fn.countAll<number>().as("messages"), fn.min<number | null>("seq").as("oldest")])
        .where("waits", "=", YES),
    ),
    dueCount: query(connection, (until: Slot<number>) =>
      tables
        .selectFrom("log")
        .select(({ fn }) => fn.countAll<number>().as("due"))
        .where("deadline", "is not", null)
        .where("deadline", "<=", until),
    ),
    nextDeadline: query(connection, (after: Slot<number>) =>
      tables
        .selectFrom("log")
        .select(({ fn }) => fn.min<number | null>("deadline").as("at"))
        .where("deadline", "is not", null)
        .where("deadline", ">", after),
    ),
  };
}
