/**
 * Archives (XEP-0313): each owner's messages in order, by pages from either end, and their retention.
 * @module
 */
import { sql } from "kysely";
import type { ArchivedMessage, ArchiveOperations, ArchivePage, ArchiveQuery } from "../store.ts";
import type { ArchivedRows } from "./archived_rows.ts";
import type { Connection } from "./connection.ts";
import type { LogPass } from "./log_pass.ts";
import { query, type Slot } from "./query.ts";
import type { RowIds } from "./row_ids.ts";
import type { Tables } from "./schema.ts";

export function archiveOperations(
  connection: Connection,
  tables: Tables,
  ids: RowIds,
  pass: LogPass,
  archived: ArchivedRows,
): ArchiveOperations {
  const pages = new ArchivePages(connection, tables, ids, pass);
  const bounds = boundQueries(connection, tables);

  return {
    archive: (request) => pages.read(request),

    archiveBounds(owner: string) {
      const id = ids.owner(owner);
      const first = id === undefined ? undefined : bounds.first.first(id)?.seq;
      return first === undefined ? undefined : { first, last: bounds.last.first(id!)!.seq };
    },

    pruneArchive(beforeSeq: number, limit: number): number {
      const rows = archived.below(beforeSeq, limit);
      for (const row of rows) archived.remove(row);
      return rows.length;
    },

    trimArchive(owner: string, keep: number): number {
      const id = ids.owner(owner);
      if (id === undefined) return 0;
      const tooMany = pages.count(id) - keep;
      if (tooMany <= 0) return 0;
      for (const row of archived.oldest(id, tooMany)) archived.remove(row);
      return tooMany;
    },
  };
}

/** Of a page by peer, who is the other side. */
interface Bounds {
  readonly owner: number;
  readonly peer: number | undefined;
  /** Both inclusive. */
  readonly lowest: number;
  readonly highest: number;
}

type Take = ArchiveQuery["take"];

class ArchivePages {
  readonly #ids: RowIds;
  readonly #pass: LogPass;
  readonly #log: LogQueries;
  readonly #byPeer: PeerQueries;

  constructor(connection: Connection, tables: Tables, ids: RowIds, pass: LogPass) {
    this.#ids = ids;
    this.#pass = pass;
    this.#log = logQueries(connection, tables);
    this.#byPeer = peerQueries(connection, tables);
  }

  read(request: ArchiveQuery): ArchivePage {
    const { take, limit, count, seqs, from = 0, until = Number.MAX_SAFE_INTEGER } = request;
    const owner = this.#ids.owner(request.owner);
    const peer = request.peer === undefined ? undefined : this.#ids.peer(request.peer);
    if (owner === undefined || (request.peer !== undefined && peer === undefined)) return emptyPage(request);
    const all = { owner, peer, lowest: from, highest: until };
    // One row more than asked for tells whether there are any beyond.
    const rows = this.#page({ ...all, ...narrowed(request, from, until) }, seqs, take, limit + 1);
    const messages = rows.slice(0, limit);
    return {
      messages: take === "last" ? messages.reverse() : messages,
      complete: rows.length <= limit,
      total: count === true ? this.#total(all, seqs) : undefined,
    };
  }

  count(owner: number): number {
    return this.#total({ owner, peer: undefined, lowest: 0, highest: Number.MAX_SAFE_INTEGER }, undefined);
  }

  #page(bounds: Bounds, seqs: readonly number[] | undefined, take: Take, limit: number): ArchivedMessage[] {
    const { owner, peer, lowest, highest } = bounds;
    if (seqs !== undefined) return this.#log.listed[take].all(owner, peer ?? 0, lowest, highest, jsonOf(seqs), limit);
    if (peer === undefined) return this.#log.page[take].all(owner, lowest, highest, limit);
    const passed = this.#byPeer.passed[take].all(owner, peer, lowest, highest, limit);
    const young = this.#byPeer.young[take].all(
      owner,
      this.#youngFrom(lowest),
      highest,
      this.#pass.watermark,
      peer,
      limit,
    );
    const sign = take === "last" ? -1 : 1;
    return [...passed, ...young].sort((one, other) => sign * (one.seq - other.seq)).slice(0, limit);
  }

  #total({ owner, peer, lowest, highest }: Bounds, seqs: readonly number[] | undefined): number {
    if (seqs !== undefined) return this.#log.countListed.first(owner, peer ?? 0, lowest, highest, jsonOf(seqs))!.total;
    const youngFrom = this.#youngFrom(lowest);
    const passed =
      peer === undefined
        ? this.#byPeer.countAll.first(owner, lowest, highest)!
        : this.#byPeer.countPassed.first(owner, peer, lowest, highest)!;
    const young = this.#byPeer.countYoung.first(owner, youngFrom, highest, this.#pass.watermark, peer ?? 0)!;
    return passed.total + young.total;
  }

  #youngFrom(lowest: number): number {
    return Math.max(lowest, this.#pass.lowestSeq);
  }
}

/** `after` and `before` narrow the page and not the count. */
function narrowed({ after, before }: ArchiveQuery, from: number, until: number) {
  return {
    lowest: after === undefined ? from : Math.max(from, after + 1),
    highest: before === undefined ? until : Math.min(until, before - 1),
  };
}

function emptyPage(request: ArchiveQuery): ArchivePage {
  return { messages: [], complete: true, total: request.count === true ? 0 : undefined };
}

function jsonOf(seqs: readonly number[]): string {
  return JSON.stringify(seqs);
}

type Direction = "asc" | "desc";

/** The same query for both ends. */
function fromBothEnds<Q>(make: (direction: Direction) => Q): Readonly<Record<Take, Q>> {
  return { first: make("asc"), last: make("desc") };
}

type LogQueries = ReturnType<typeof logQueries>;
type PeerQueries = ReturnType<typeof peerQueries>;

function logOf(tables: Tables, owner: Slot<number>, lowest: Slot<number>, highest: Slot<number>) {
  return tables
    .selectFrom("log")
    .where("owner_id", "=", owner)
    .where("seq", ">=", lowest)
    .where("seq", "<=", highest)
    .where("archived", "=", sql.lit(1));
}

/** Peer 0: any. */
function ofPeer(peer: Slot<number>) {
  return sql<boolean>`peer_id = coalesce(nullif(${peer}, 0), peer_id)`;
}

function logQueries(connection: Connection, tables: Tables) {
  const listed = (
    owner: Slot<number>,
    peer: Slot<number>,
    lowest: Slot<number>,
    highest: Slot<number>,
    seqs: Slot<string>,
  ) =>
    logOf(tables, owner, lowest, highest)
      .where("seq", "in", sql<number>`(select value from json_each(${seqs}))`)
      .where(ofPeer(peer));
  return {
    page: fromBothEnds((direction) =>
      query(connection, (owner: Slot<number>, lowest: Slot<number>, highest: Slot<number>, limit: Slot<number>) =>
        logOf(tables, owner, lowest, highest).select(["seq", "text"]).orderBy("seq", direction).limit(limit),
      ),
    ),
    listed: fromBothEnds((direction) =>
      query(
        connection,
        (
          owner: Slot<number>,
          peer: Slot<number>,
          lowest: Slot<number>,
          highest: Slot<number>,
          seqs: Slot<string>,
          limit: Slot<number>,
        ) => listed(owner, peer, lowest, highest, seqs).select(["seq", "text"]).orderBy("seq", direction).limit(limit),
      ),
    ),
    countListed: query(
      connection,
      (owner: Slot<number>, peer: Slot<number>, lowest: Slot<number>, highest: Slot<number>, seqs: Slot<string>) =>
        listed(owner, peer, lowest, highest, seqs).select(({ fn }) => fn.countAll<number>().as("total")),
    ),
  };
}

function peerQueries(connection: Connection, tables: Tables) {
  const passed = (owner: Slot<number>, lowest: Slot<number>, highest: Slot<number>) =>
    tables
      .selectFrom("log_by_peer as p")
      .where("p.owner_id", "=", owner)
      .where("p.seq", ">=", lowest)
      .where("p.seq", "<=", highest);
  /** The index by owner has the row id too; without the sign SQLite would look through all owners' rows from there on. */
  const young = (
    owner: Slot<number>,
    lowest: Slot<number>,
    highest: Slot<number>,
    watermark: Slot<number>,
    peer: Slot<number>,
  ) => logOf(tables, owner, lowest, highest).where(sql<boolean>`+id > ${watermark}`).where(ofPeer(peer));
  const total = sql<number>`count(*)`.as("total");
  return {
    passed: fromBothEnds((direction) =>
      query(
        connection,
        (owner: Slot<number>, peer: Slot<number>, lowest: Slot<number>, highest: Slot<number>, limit: Slot<number>) =>
          passed(owner, lowest, highest)
            .where("p.peer_id", "=", peer)
            .innerJoin("log as l", (join) => join.onRef("l.owner_id", "=", "p.owner_id").onRef("l.seq", "=", "p.seq"))
            .select(["p.seq", "l.text"])
            .orderBy("p.seq", direction)
            .limit(limit),
      ),
    ),
    young: fromBothEnds((direction) =>
      query(
        connection,
        (
          owner: Slot<number>,
          lowest: Slot<number>,
          highest: Slot<number>,
          watermark: Slot<number>,
          peer: Slot<number>,
          limit: Slot<number>,
        ) =>
          young(owner, lowest, highest, watermark, peer).select(["seq", "text"]).orderBy("seq", direction).limit(limit),
      ),
    ),
    countPassed: query(
      connection,
      (owner: Slot<number>, peer: Slot<number>, lowest: Slot<number>, highest: Slot<number>) =>
        passed(owner, lowest, highest).where("p.peer_id", "=", peer).select(total),
    ),
    countAll: query(connection, (owner: Slot<number>, lowest: Slot<number>, highest: Slot<number>) =>
      passed(owner, lowest, highest).select(total),
    ),
    countYoung: query(
      connection,
      (owner: Slot<number>, lowest: Slot<number>, highest: Slot<number>, watermark: Slot<number>, peer: Slot<number>) =>
        young(owner, lowest, highest, watermark, peer).select(total),
    ),
  };
}

function boundQueries(connection: Connection, tables: Tables) {
  const ofOwner = (owner: Slot<number>) =>
    tables.selectFrom("log").select("seq").where("owner_id", "=", owner).where("archived", "=", sql.lit(1));
  return {
    first: query(connection, (owner: Slot<number>) => ofOwner(owner).orderBy("seq").limit(1)),
    last: query(connection, (owner: Slot<number>) => ofOwner(owner).orderBy("seq", "desc").limit(1)),
  };
}
