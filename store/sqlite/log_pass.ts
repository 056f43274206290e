/**
 * What is derived from the log's rows and not written with each: the index by peer, and the bytes of each archive.
 *
 * A row's place in the index by peer is anywhere, so to write it with the row costs as much as the row itself. So a pass
 * writes it for many rows at once, in the order of the index, within the transaction that makes them too many. The row
 * ids of the log only grow: all rows up to the watermark have passed, and who asks by peer reads the index for these and
 * the log for the others.
 * @module
 */
import type { AccountUsage } from "./account_usage.ts";
import type { Connection } from "./connection.ts";
import type { Meta } from "./meta.ts";
import { octets, query, type Slot } from "./query.ts";
import type { Tables } from "./schema.ts";

/** Of a row in the log. */
export interface ArchivedRow {
  readonly id: number;
  readonly owner: number;
  readonly seq: number;
  readonly peer: number;
  readonly waits: number;
  readonly bytes: number;
}

export class LogPass {
  readonly #limit: number;
  readonly #meta: Meta;
  readonly #usage: AccountUsage;
  readonly #queries: ReturnType<typeof passQueries>;
  #watermark = 0;
  #nextId = 1;
  /** No row beyond the watermark has a lower seq. */
  #lowestSeq = Number.MAX_SAFE_INTEGER;

  /** `limit`: how many rows may come before they pass. */
  constructor(connection: Connection, tables: Tables, meta: Meta, limit: number, usage: AccountUsage) {
    this.#meta = meta;
    this.#limit = limit;
    this.#usage = usage;
    this.#queries = passQueries(connection, tables);
    this.read();
  }

  get watermark(): number {
    return this.#watermark;
  }

  get nextId(): number {
    return this.#nextId;
  }

  get lowestSeq(): number {
    return this.#lowestSeq;
  }

  /** Rows were inserted from nextId on, some of which the log may have had before. Returns whose archive has become larger than it may be. */
  added(nextId: number): ReadonlySet<number> {
    const full = this.#count(this.#nextId);
    this.#nextId = nextId;
    return full;
  }

  /** A row has left the archive. */
  removed({ id, owner, peer, seq, bytes }: ArchivedRow): void {
    const isYoung = id > this.#watermark;
    if (!isYoung) this.#queries.unindex.run(owner, peer, seq);
    this.#usage.removeArchived(owner, bytes, isYoung);
  }

  /** At the end of each transaction that writes. */
  passIfMany(): void {
    if (this.#nextId - 1 - this.#watermark < this.#limit) return;
    this.#queries.index.run(this.#watermark);
    this.#usage.writeYoung();
    this.#watermark = this.#nextId - 1;
    this.#lowestSeq = Number.MAX_SAFE_INTEGER;
    this.#meta.put(WATERMARK, String(this.#watermark));
  }

  /** At the start, and where the database has rolled back something: all is as it says. */
  read(): void {
    this.#watermark = Number(this.#meta.get(WATERMARK) ?? 0);
    this.#nextId = Math.max(this.#queries.lastId.first()?.id ?? 0, this.#watermark) + 1;
    this.#lowestSeq = Number.MAX_SAFE_INTEGER;
    this.#usage.forget();
    this.#count(this.#watermark + 1);
  }

  #count(firstId: number): ReadonlySet<number> {
    const full = new Set<number>();
    for (const { owner_id, seq, bytes } of this.#queries.archivedFrom.all(firstId)) {
      if (seq < this.#lowestSeq) this.#lowestSeq = seq;
      if (this.#usage.addYoung(owner_id, bytes)) full.add(owner_id);
    }
    return full;
  }
}

const WATERMARK = "peerIndexId";

function passQueries(connection: Connection, tables: Tables) {
  return {
    lastId: query(connection, () => tables.selectFrom("log").select("id").orderBy("id", "desc").limit(1)),
    archivedFrom: query(connection, (id: Slot<number>) =>
      tables
        .selectFrom("log")
        .select(["owner_id", "seq", octets("text").as("bytes")])
        .where("id", ">=", id)
        .where("archived", "=", 1),
    ),
    index: query(connection, (after: Slot<number>) =>
      tables
        .insertInto("log_by_peer")
        .columns(["owner_id", "peer_id", "seq"])
        .expression(({ selectFrom }) =>
          selectFrom("log")
            .select(({ ref }) => ["owner_id", ref("peer_id").$notNull().as("peer_id"), "seq"])
            .where("id", ">", after)
            .where("archived", "=", 1)
            .orderBy("owner_id")
            .orderBy("peer_id")
            .orderBy("seq"),
        ),
    ),
    unindex: query(connection, (owner: Slot<number>, peer: Slot<number>, seq: Slot<number>) =>
      tables.deleteFrom("log_by_peer").where("owner_id", "=", owner).where("peer_id", "=", peer).where("seq", "=", seq),
    ),
  };
}
