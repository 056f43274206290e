/** Rows of the log that leave their owner's archive, one by one or to make room. @module */
import { sql } from "kysely";
import type { AccountUsage } from "./account_usage.ts";
import type { Connection } from "./connection.ts";
import type { ArchivedRow, LogPass } from "./log_pass.ts";
import { octets, query, type Slot } from "./query.ts";
import type { Tables } from "./schema.ts";

/** Rows that go at a time, so that not every message takes some along, and no transaction becomes much longer. */
const PORTION = 500;

export class ArchivedRows {
  readonly #usage: AccountUsage;
  readonly #pass: LogPass;
  readonly #queries: ReturnType<typeof rowQueries>;

  constructor(connection: Connection, tables: Tables, usage: AccountUsage, pass: LogPass) {
    this.#usage = usage;
    this.#pass = pass;
    this.#queries = rowQueries(connection, tables);
  }

  /** The oldest of all owners, below that seq. */
  below(seq: number, limit: number): readonly ArchivedRow[] {
    return this.#queries.below.all(seq, limit);
  }

  oldest(owner: number, limit: number): readonly ArchivedRow[] {
    return this.#queries.oldest.all(owner, limit);
  }

  /** Takes a row out of the archive. It stays in the log as long as it waits. */
  remove(row: ArchivedRow): void {
    if (row.waits === 1) this.#queries.keepWaiting.run(row.id);
    else this.#queries.drop.run(row.id);
    this.#pass.removed(row);
  }

  /**
   * Makes room in an archive that is larger than its owner's quota allows: the oldest rows go, a portion, or twice as many as
   * have come. So a message that is delivered is always archived, and a full archive loses nothing but what is oldest.
   * Returns the owner's JID.
   */
  makeRoom(owner: number, rows: number): string {
    let left = Math.max(PORTION, rows * 2);
    while (left > 0 && this.#usage.toFree(owner) > 0) {
      const oldest = this.oldest(owner, Math.min(left, PORTION));
      if (oldest.length === 0) break;
      for (const row of oldest) if (this.#usage.toFree(owner) > 0) this.remove(row);
      left -= oldest.length;
    }
    return this.#queries.jid.first(owner)!.jid;
  }
}

function rowQueries(connection: Connection, tables: Tables) {
  const rows = () =>
    tables
      .selectFrom("log")
      .select(({ ref }) => ["id", "owner_id as owner", "seq", ref("peer_id").$notNull().as("peer"), "waits"])
      .select(octets("text").as("bytes"))
      .where("archived", "=", sql.lit(1));
  return {
    jid: query(connection, (owner: Slot<number>) => tables.selectFrom("owner").select("jid").where("id", "=", owner)),
    below: query(connection, (seq: Slot<number>, limit: Slot<number>) =>
      rows().where("seq", "<", seq).orderBy("seq").limit(limit),
    ),
    oldest: query(connection, (owner: Slot<number>, limit: Slot<number>) =>
      rows().where("owner_id", "=", owner).orderBy("seq").limit(limit),
    ),
    keepWaiting: query(connection, (id: Slot<number>) =>
      tables
        .updateTable("log")
        .set({ archived: sql.lit(0) })
        .where("id", "=", id),
    ),
    drop: query(connection, (id: Slot<number>) => tables.deleteFrom("log").where("id", "=", id)),
  };
}
