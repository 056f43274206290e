/**
 * Makes room in archives that are larger than their owner's quota allows: the oldest rows go, in portions. So a message
 * that is delivered is always archived, and a full archive loses nothing but what is oldest.
 * @module
 */
import type { AccountUsage } from "./account_usage.ts";
import type { ArchiveTail } from "./archive_tail.ts";
import type { Connection } from "./connection.ts";
import { octets, query, type Slot } from "./query.ts";
import type { Tables } from "./schema.ts";
import { dropUnusedMessage } from "./unused_message.ts";

/** Rows that go at a time, so that not every message takes some along, and no transaction becomes much longer. */
const PORTION = 500;

export class ArchiveRoom {
  readonly #usage: AccountUsage;
  readonly #tail: ArchiveTail;
  readonly #queries: ReturnType<typeof roomQueries>;

  constructor(connection: Connection, tables: Tables, usage: AccountUsage, tail: ArchiveTail) {
    this.#usage = usage;
    this.#tail = tail;
    this.#queries = roomQueries(connection, tables);
  }

  /** Takes a portion out, or twice as many rows as have come. Returns the owner's JID. */
  make(owner: number, rows: number): string {
    let left = Math.max(PORTION, rows * 2);
    while (left > 0 && this.#usage.toFree(owner) > 0) {
      const gone = this.#removeOldest(owner, Math.min(left, PORTION));
      left -= gone;
      if (gone > 0) continue;
      if (this.#tail.of(owner).seqs.length === 0) break;
      this.#tail.indexOwner(owner);
    }
    return this.#queries.jid.first(owner)!.jid;
  }

  /** Of the rows that are indexed. Returns how many went. */
  #removeOldest(owner: number, limit: number): number {
    let gone = 0;
    for (const { seq, bytes } of this.#queries.oldest.all(owner, limit)) {
      if (this.#usage.toFree(owner) <= 0) break;
      this.#queries.remove.run(seq, owner);
      this.#queries.unindex.run(owner, seq);
      this.#queries.dropUnused.run(seq);
      this.#usage.removeArchived(owner, seq, bytes);
      gone++;
    }
    return gone;
  }
}

function roomQueries(connection: Connection, tables: Tables) {
  return {
    dropUnused: dropUnusedMessage(connection, tables),
    jid: query(connection, (owner: Slot<number>) => tables.selectFrom("account").select("jid").where("id", "=", owner)),
    oldest: query(connection, (owner: Slot<number>, limit: Slot<number>) =>
      tables
        .selectFrom("archive_index as a")
        .innerJoin("message as m", "m.seq", "a.seq")
        .select(["a.seq", octets("m.text").as("bytes")])
        .where("a.owner_id", "=", owner)
        .orderBy("a.seq")
        .limit(limit),
    ),
    remove: query(connection, (seq: Slot<number>, owner: Slot<number>) =>
      tables.deleteFrom("archive").where("seq", "=", seq).where("owner_id", "=", owner),
    ),
    unindex: query(connection, (owner: Slot<number>, seq: Slot<number>) =>
      tables.deleteFrom("archive_index").where("owner_id", "=", owner).where("seq", "=", seq),
    ),
  };
}
