/**
 * The log of messages, and who waits for which. The text of a message is there as long as an archive or a waiting
 * recipient points at it; what waits in the journal has its text there.
 * @module
 */
import { Buffer } from "node:buffer";
import type { SQLInputValue } from "node:sqlite";
import { sql } from "kysely";
import {
  type NewMessage,
  type NewMessages,
  type PendingEntry,
  type PendingMessage,
  type SenderShare,
  StoreFault,
  type StoreOperations,
} from "../store.ts";
import type { AccountUsage } from "./account_usage.ts";
import { ArchiveRoom } from "./archive_room.ts";
import type { ArchiveTail, FlatRows } from "./archive_tail.ts";
import { BulkInsert } from "./bulk_insert.ts";
import type { Connection } from "./connection.ts";
import { PackedMessages } from "./packed_messages.ts";
import type { PendingJournal } from "./pending_journal.ts";
import { query, type Slot } from "./query.ts";
import type { RowIds } from "./row_ids.ts";
import type { Tables } from "./schema.ts";
import { SenderShares } from "./sender_shares.ts";
import { dropUnusedMessage, messageBytes } from "./unused_message.ts";

/** How many texts are read at a time: each may be long. */
const SHARES_PAGE = 100;

type MessageOperations = Pick<
  StoreOperations,
  | "append"
  | "pend"
  | "settle"
  | "setRules"
  | "withdraw"
  | "pending"
  | "pendingCount"
  | "pendingShares"
  | "due"
  | "nextDeadline"
>;

export function messageOperations(
  connection: Connection,
  tables: Tables,
  ids: RowIds,
  tail: ArchiveTail,
  journal: PendingJournal,
  usage: AccountUsage,
): MessageOperations {
  const append = new Append(connection, tables, ids, tail, journal, usage);
  const write = writeQueries(connection, tables);
  const read = readQueries(connection, tables);
  const dropUnused = dropUnusedMessage(connection, tables);
  const bytesOf = messageBytes(connection, tables);

  const isInLog = (seq: number) => read.message.first(seq) !== undefined;
  const requireInLog = (seq: number) => {
    if (isInLog(seq)) return;
    journal.releaseAny(seq);
    if (!isInLog(seq)) throw new StoreFault("failed", `Cannot let message ${seq} wait: it is not in the log`);
  };

  return {
    append: (messages) => append.run(messages),

    pend(entries): void {
      for (const { seq, pending } of entries) {
        const owner = ids.account(pending.owner);
        if (owner === undefined || journal.holds(owner, seq)) continue;
        requireInLog(seq);
        journal.noteInTable(seq);
        write.pend.run(seq, owner, pending.rules ?? null, pending.deadline ?? null);
      }
    },

    settle(entries): void {
      for (const { owner, seq } of entries) {
        const id = ids.account(owner);
        if (id === undefined || journal.remove(id, seq)) continue;
        if (write.settle.run(seq, id) === 1) dropUnused.run(seq);
      }
    },

    setRules(owner: string, seq: number, rules: string | undefined, deadline: number | undefined): boolean {
      const id = ids.account(owner);
      if (id === undefined) return false;
      journal.release(id, seq);
      return write.setRules.run(seq, id, rules ?? null, deadline ?? null) === 1;
    },

    withdraw(owner: string, seq: number): boolean {
      const id = ids.account(owner);
      if (id === undefined) return false;
      if (!journal.remove(id, seq) && write.settle.run(seq, id) === 0) return false;
      if (write.unarchive.run(seq, id) === 1) {
        tail.remove(id, seq);
        usage.removeArchived(id, seq, bytesOf.first(seq)!.bytes);
      }
      dropUnused.run(seq);
      return true;
    },

    pending(owner: string, after: number, limit: number): readonly PendingMessage[] {
      const id = ids.account(owner);
      if (id === undefined) return [];
      const inTable = read.pending.all(id, after, limit).map(
        ({ seq, text, rules, deadline, archived }): PendingMessage => ({
          seq,
          text,
          rules: rules ?? undefined,
          deadline: deadline ?? undefined,
          archived: archived !== null,
        }),
      );
      const young = journal.of(id, after, limit);
      if (young.length === 0) return inTable;
      const hasArchive = tail.of(id).seqs.length > 0 || read.anyArchived.first(id) !== undefined;
      const inJournal = young.map(({ seq, text, rules }): PendingMessage => {
        const archived = hasArchive && read.archived.first(seq, id) !== undefined;
        return { seq, text, rules, deadline: undefined, archived };
      });
      return [...inTable, ...inJournal].sort((one, other) => one.seq - other.seq).slice(0, limit);
    },

    pendingCount(owner: string): number {
      const id = ids.account(owner);
      return id === undefined ? 0 : journal.count(id) + read.pendingCount.first(id)!.count;
    },

    pendingShares(owner: string, without: readonly number[]): readonly SenderShare[] {
      const id = ids.account(owner);
      if (id === undefined) return [];
      const shares = new SenderShares(without);
      for (const { seq, text } of journal.of(id, 0, Number.MAX_SAFE_INTEGER)) shares.add(seq, text);
      for (let after = 0, more = true; more; ) {
        const rows = read.waitingTexts.all(id, after, SHARES_PAGE);
        for (const { seq, text } of rows) shares.add(seq, text);
        more = rows.length === SHARES_PAGE;
        after = rows.at(-1)?.seq ?? after;
      }
      return shares.list;
    },

    due: (until, limit, after = { at: Number.MIN_SAFE_INTEGER, seq: 0 }) =>
      read.due.all(until, after.at, after.seq, limit),

    nextDeadline: (after = Number.MIN_SAFE_INTEGER) => read.nextDeadline.first(after)!.at ?? undefined,
  };
}

/** The hottest write: all rows of all messages, table by table. */
class Append {
  readonly #ids: RowIds;
  readonly #tail: ArchiveTail;
  readonly #journal: PendingJournal;
  readonly #messages: BulkInsert;
  readonly #archive: BulkInsert;
  readonly #pending: BulkInsert;
  readonly #usage: AccountUsage;
  readonly #room: ArchiveRoom;
  readonly #bytes: ReturnType<typeof messageBytes>;

  constructor(
    connection: Connection,
    tables: Tables,
    ids: RowIds,
    tail: ArchiveTail,
    journal: PendingJournal,
    usage: AccountUsage,
  ) {
    this.#usage = usage;
    this.#bytes = messageBytes(connection, tables);
    this.#room = new ArchiveRoom(connection, tables, usage, tail);
    this.#ids = ids;
    this.#tail = tail;
    this.#journal = journal;
    this.#messages = new BulkInsert(connection, tables, "message", ["seq", "text"]);
    this.#archive = new BulkInsert(connection, tables, "archive", ["seq", "owner_id", "peer_id"]);
    this.#pending = new BulkInsert(connection, tables, "pending", ["seq", "owner_id", "rules", "deadline"]);
  }

  /** Returns the owners whose archives had to be pruned. */
  run(messages: NewMessages): readonly string[] | undefined {
    if (messages instanceof PackedMessages && this.#toJournal(messages)) return undefined;
    const texts: (number | string)[] = [];
    const archive: number[] = [];
    const pending: SQLInputValue[] = [];
    for (const message of messages) {
      const archived = this.#archiveRows(message, archive);
      const waits = this.#pendingRow(message, archived, pending);
      if (archived || waits) texts.push(message.seq, message.text);
    }
    this.#messages.run(texts);
    const isNew = this.#archive.run(archive) === archive.length / 3;
    if (isNew) this.#tail.add(archive);
    const added = isNew ? archive : this.#tail.addUnknown(archive);
    this.#pending.run(pending);
    const full = this.#countBytes(added, texts, isNew);
    if (full.size === 0) return undefined;
    return [...full].map((owner) => this.#room.make(owner, added.length / 3));
  }

  /** `texts` by number, in the order of the rows. Returns whose archive has become larger than it may be. */
  #countBytes(rows: FlatRows, texts: readonly (number | string)[], isNew: boolean): Set<number> {
    const full = new Set<number>();
    let at = 0;
    let seq = 0;
    let bytes = 0;
    for (let i = 0; i < rows.length; i += 3) {
      if (rows[i] !== seq) {
        seq = rows[i]!;
        while (texts[at] !== seq) at += 2;
        bytes = this.#bytesOf(seq, String(texts[at + 1]), isNew);
      }
      if (this.#usage.addArchived(rows[i + 1]!, seq, bytes)) full.add(rows[i + 1]!);
    }
    return full;
  }

  /** Where some rows are not new, the log may have another text. */
  #bytesOf(seq: number, text: string, isNew: boolean): number {
    return isNew ? Buffer.byteLength(text) : this.#bytes.first(seq)!.bytes;
  }

  /** Returns false where they have to be looked at one by one. */
  #toJournal(messages: PackedMessages): boolean {
    const owners = new Map<PendingEntry, number>();
    for (const entry of messages.pending) {
      const id = this.#ids.account(entry.owner);
      if (id === undefined) return false;
      owners.set(entry, id);
    }
    return this.#journal.addAll({ messages, owners });
  }

  /** Returns whether any owner has an account. */
  #archiveRows({ seq, archive }: NewMessage, rows: number[]): boolean {
    const before = rows.length;
    for (const entry of archive) {
      const owner = this.#ids.account(entry.owner);
      if (owner !== undefined) rows.push(seq, owner, this.#ids.internPeer(entry.peer));
    }
    return rows.length > before;
  }

  /** Returns whether it waits in the table. A message of an archive has its text there already. */
  #pendingRow(message: NewMessage, archived: boolean, rows: SQLInputValue[]): boolean {
    const { seq, pending } = message;
    if (pending === undefined) return false;
    const owner = this.#ids.account(pending.owner);
    if (owner === undefined) return false;
    if (this.#journal.holds(owner, seq) || (!archived && this.#journal.add(message, owner))) return false;
    this.#journal.noteInTable(seq);
    rows.push(seq, owner, pending.rules ?? null, pending.deadline ?? null);
    return true;
  }
}

function writeQueries(connection: Connection, tables: Tables) {
  return {
    pend: query(
      connection,
      (seq: Slot<number>, owner_id: Slot<number>, rules: Slot<string | null>, deadline: Slot<number | null>) =>
        tables
          .insertInto("pending")
          .values({ seq, owner_id, rules, deadline })
          .onConflict((conflict) => conflict.doNothing()),
    ),
    settle: query(connection, (seq: Slot<number>, owner: Slot<number>) =>
      tables.deleteFrom("pending").where("seq", "=", seq).where("owner_id", "=", owner),
    ),
    unarchive: query(connection, (seq: Slot<number>, owner: Slot<number>) =>
      tables.deleteFrom("archive").where("seq", "=", seq).where("owner_id", "=", owner),
    ),
    setRules: query(
      connection,
      (seq: Slot<number>, owner: Slot<number>, rules: Slot<string | null>, deadline: Slot<number | null>) =>
        tables.updateTable("pending").set({ rules, deadline }).where("seq", "=", seq).where("owner_id", "=", owner),
    ),
  };
}

function readQueries(connection: Connection, tables: Tables) {
  return {
    message: query(connection, (seq: Slot<number>) =>
      tables.selectFrom("message").select("seq").where("seq", "=", seq),
    ),
    pending: query(connection, (owner: Slot<number>, after: Slot<number>, limit: Slot<number>) =>
      tables
        .selectFrom("pending as p")
        .innerJoin("message as m", "m.seq", "p.seq")
        .leftJoin("archive as a", (join) => join.onRef("a.seq", "=", "p.seq").onRef("a.owner_id", "=", "p.owner_id"))
        .select(["p.seq", "m.text", "p.rules", "p.deadline", "a.seq as archived"])
        .where("p.owner_id", "=", owner)
        .where("p.seq", ">", after)
        .orderBy("p.seq")
        .limit(limit),
    ),
    waitingTexts: query(connection, (owner: Slot<number>, after: Slot<number>, limit: Slot<number>) =>
      tables
        .selectFrom("pending as p")
        .innerJoin("message as m", "m.seq", "p.seq")
        .select(["p.seq", "m.text"])
        .where("p.owner_id", "=", owner)
        .where("p.seq", ">", after)
        .orderBy("p.seq")
        .limit(limit),
    ),
    archived: query(connection, (seq: Slot<number>, owner: Slot<number>) =>
      tables.selectFrom("archive").select("seq").where("seq", "=", seq).where("owner_id", "=", owner),
    ),
    anyArchived: query(connection, (owner: Slot<number>) =>
      tables.selectFrom("archive_index").select("seq").where("owner_id", "=", owner).limit(1),
    ),
    pendingCount: query(connection, (owner: Slot<number>) =>
      tables
        .selectFrom("pending")
        .select(({ fn }) => fn.countAll<number>().as("count"))
        .where("owner_id", "=", owner),
    ),
    due: query(connection, (until: Slot<number>, at: Slot<number>, seq: Slot<number>, limit: Slot<number>) =>
      tables
        .selectFrom("pending as p")
        .innerJoin("account as a", "a.id", "p.owner_id")
        .select(["a.jid as owner", "p.seq", sql<number>`p.deadline`.as("at")])
        .where("p.deadline", "is not", null)
        .where("p.deadline", "<=", until)
        .where(sql<boolean>`(p.deadline, p.seq) > (${at}, ${seq})`)
        .orderBy("p.deadline")
        .orderBy("p.seq")
        .limit(limit),
    ),
    nextDeadline: query(connection, (after: Slot<number>) =>
      tables
        .selectFrom("pending")
        .select(({ fn }) => fn.min<number | null>("deadline").as("at"))
        .where("deadline", "is not", null)
        .where("deadline", ">", after),
    ),
  };
}
