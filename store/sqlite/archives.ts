/**
 * Archives (XEP-0313): each owner's messages in order, by pages from either end, and their retention.
 * @module
 */
import { sql } from "kysely";
import type { ArchivedMessage, ArchivePage, ArchiveQuery, StoreOperations } from "../store.ts";
import type { AccountUsage } from "./account_usage.ts";
import type { ArchiveTail } from "./archive_tail.ts";
import type { Connection } from "./connection.ts";
import { type Query, query, type Slot } from "./query.ts";
import type { RowIds } from "./row_ids.ts";
import type { Tables } from "./schema.ts";
import { dropUnusedMessage, messageBytes } from "./unused_message.ts";

type ArchiveOperations = Pick<StoreOperations, "archive" | "archiveBounds" | "pruneArchive" | "trimArchive">;

export function archiveOperations(
  connection: Connection,
  tables: Tables,
  ids: RowIds,
  tail: ArchiveTail,
  usage: AccountUsage,
): ArchiveOperations {
  const pages = new ArchivePages(connection, tables, ids, tail);
  const queries = retentionQueries(connection, tables);
  const dropUnused = dropUnusedMessage(connection, tables);
  const bytesOf = messageBytes(connection, tables);

  return {
    archive: (request) => pages.read(request),

    archiveBounds(owner: string) {
      const id = ids.account(owner);
      if (id === undefined) return undefined;
      const { seqs } = tail.of(id);
      const indexed = [queries.first.first(id)?.seq, queries.last.first(id)?.seq];
      const bounds = [...indexed, seqs[0], seqs.at(-1)].filter((seq) => seq !== undefined);
      return bounds.length === 0 ? undefined : { first: Math.min(...bounds), last: Math.max(...bounds) };
    },

    pruneArchive(beforeSeq: number, limit: number): number {
      const rows = queries.prune.all(beforeSeq, limit);
      for (const { seq, owner_id } of rows) {
        tail.remove(owner_id, seq);
        usage.removeArchived(owner_id, seq, bytesOf.first(seq)!.bytes);
      }
      for (const { seq } of rows) dropUnused.run(seq);
      return rows.length;
    },

    trimArchive(owner: string, keep: number): number {
      const id = ids.account(owner);
      if (id === undefined) return 0;
      tail.indexOwner(id);
      const newestToGo = queries.nth.first(id, keep)?.seq;
      if (newestToGo === undefined) return 0;
      const rows = queries.trim.all(id, newestToGo);
      for (const { seq } of rows) {
        queries.remove.run(id, seq);
        usage.removeArchived(id, seq, bytesOf.first(seq)!.bytes);
        dropUnused.run(seq);
      }
      return rows.length;
    },
  };
}

/** Which of the optional conditions a query has; each combination is a statement of its own, with its own index. */
interface Shape {
  readonly peer: boolean;
  readonly seqs: boolean;
}

/** Owner, peer id, lowest and highest seq, JSON list of seqs; a statement leaves out what its shape has not. */
type Bounds = [owner: number, peer: number, lowest: number, highest: number, seqs: string];
type Slots<P extends readonly unknown[]> = { readonly [K in keyof P]: Slot<P[K]> };

interface ShapeQueries {
  readonly first: Query<[...Bounds, limit: number], ArchivedMessage>;
  readonly last: Query<[...Bounds, limit: number], ArchivedMessage>;
  readonly count: Query<Bounds, { readonly total: number }>;
}

class ArchivePages {
  readonly #ids: RowIds;
  readonly #tail: ArchiveTail;
  readonly #text: Query<[seq: number], { readonly text: string }>;
  readonly #queries: readonly { readonly shape: Shape; readonly queries: ShapeQueries }[];

  constructor(connection: Connection, tables: Tables, ids: RowIds, tail: ArchiveTail) {
    this.#ids = ids;
    this.#tail = tail;
    this.#text = query(connection, (seq: Slot<number>) =>
      tables.selectFrom("message").select("text").where("seq", "=", seq),
    );
    const choice = [false, true];
    const shapes = choice.flatMap((peer) => choice.map((seqs) => ({ peer, seqs })));
    this.#queries = shapes.map((shape) => ({ shape, queries: shapeQueries(connection, tables, shape) }));
  }

  read(request: ArchiveQuery): ArchivePage {
    const { take, limit, count } = request;
    const owner = this.#ids.account(request.owner);
    const peer = request.peer === undefined ? 0 : this.#ids.peer(request.peer);
    if (owner === undefined || peer === undefined) return emptyPage(request);

    const queries = this.#queriesFor({ peer: request.peer !== undefined, seqs: request.seqs !== undefined });
    const { from, until, lowest, highest } = boundsOf(request);
    const seqs = JSON.stringify(request.seqs ?? []);
    const waiting = this.#waiting(request, owner, peer);
    // One row more than asked for tells whether there are any beyond.
    const indexed = queries[take].all(owner, peer, lowest, highest, seqs, limit + 1);
    const rows = this.#merge(indexed, within(waiting, lowest, highest), take, limit + 1);
    const messages = rows.slice(0, limit);
    const total = () =>
      queries.count.first(owner, peer, from, until, seqs)!.total + within(waiting, from, until).length;
    return {
      messages: take === "last" ? messages.reverse() : messages,
      complete: rows.length <= limit,
      total: count === true ? total() : undefined,
    };
  }

  /** The owner's rows that are not indexed, in ascending order; only bounds are left to be looked at. */
  #waiting(request: ArchiveQuery, owner: number, peer: number): readonly number[] {
    const { seqs, peers } = this.#tail.of(owner);
    const listed = request.seqs === undefined ? undefined : new Set(request.seqs);
    if (request.peer === undefined && listed === undefined) return seqs;
    return seqs.filter((seq, i) => (request.peer === undefined || peers[i] === peer) && (listed?.has(seq) ?? true));
  }

  /** The first rows of both in the direction of the page. */
  #merge(
    indexed: ArchivedMessage[],
    waiting: readonly number[],
    take: "first" | "last",
    limit: number,
  ): ArchivedMessage[] {
    if (waiting.length === 0) return indexed;
    const newest = take === "last";
    const few = newest ? waiting.slice(-limit) : waiting.slice(0, limit);
    const rows: { seq: number; text?: string }[] = [...indexed, ...few.map((seq) => ({ seq }))];
    rows.sort((a, b) => (newest ? b.seq - a.seq : a.seq - b.seq));
    return rows.slice(0, limit).map(({ seq, text }) => ({ seq, text: text ?? this.#text.first(seq)!.text }));
  }

  #queriesFor(shape: Shape): ShapeQueries {
    return this.#queries.find((entry) => entry.shape.peer === shape.peer && entry.shape.seqs === shape.seqs)!.queries;
  }
}

/** All inclusive; `after` and `before` narrow the page and not the count. */
function boundsOf({ from = 0, until = Number.MAX_SAFE_INTEGER, after, before }: ArchiveQuery) {
  const lowest = after === undefined ? from : Math.max(from, after + 1);
  const highest = before === undefined ? until : Math.min(until, before - 1);
  return { from, until, lowest, highest };
}

function within(seqs: readonly number[], lowest: number, highest: number): readonly number[] {
  return seqs.filter((seq) => seq >= lowest && seq <= highest);
}

function emptyPage(request: ArchiveQuery): ArchivePage {
  return { messages: [], complete: true, total: request.count === true ? 0 : undefined };
}

function shapeQueries(connection: Connection, tables: Tables, shape: Shape): ShapeQueries {
  const select = (...[owner, peer, lowest, highest, seqs]: Slots<Bounds>) =>
    tables
      .selectFrom("archive_index as a")
      .where("a.owner_id", "=", owner)
      .where("a.seq", ">=", lowest)
      .where("a.seq", "<=", highest)
      .$if(shape.peer, (some) => some.where("a.peer_id", "=", peer))
      .$if(shape.seqs, (some) => some.where("a.seq", "in", sql<number>`(select value from json_each(${seqs}))`));

  const page = (direction: "asc" | "desc") =>
    query(
      connection,
      (
        owner: Slot<number>,
        peer: Slot<number>,
        lowest: Slot<number>,
        highest: Slot<number>,
        seqs: Slot<string>,
        limit: Slot<number>,
      ) =>
        select(owner, peer, lowest, highest, seqs)
          .innerJoin("message as m", "m.seq", "a.seq")
          .select(["a.seq", "m.text"])
          .orderBy("a.seq", direction)
          .limit(limit),
    );

  return {
    first: page("asc"),
    last: page("desc"),
    count: query(
      connection,
      (owner: Slot<number>, peer: Slot<number>, lowest: Slot<number>, highest: Slot<number>, seqs: Slot<string>) =>
        select(owner, peer, lowest, highest, seqs).select(({ fn }) => fn.countAll<number>().as("total")),
    ),
  };
}

function retentionQueries(connection: Connection, tables: Tables) {
  const ofOwner = (owner: Slot<number>) =>
    tables.selectFrom("archive_index").select("seq").where("owner_id", "=", owner);
  return {
    first: query(connection, (owner: Slot<number>) => ofOwner(owner).orderBy("seq").limit(1)),
    last: query(connection, (owner: Slot<number>) => ofOwner(owner).orderBy("seq", "desc").limit(1)),
    nth: query(connection, (owner: Slot<number>, keep: Slot<number>) =>
      ofOwner(owner).orderBy("seq", "desc").limit(1).offset(keep),
    ),
    trim: query(connection, (owner: Slot<number>, upTo: Slot<number>) =>
      tables.deleteFrom("archive_index").where("owner_id", "=", owner).where("seq", "<=", upTo).returning("seq"),
    ),
    remove: query(connection, (owner: Slot<number>, seq: Slot<number>) =>
      tables.deleteFrom("archive").where("owner_id", "=", owner).where("seq", "=", seq),
    ),
    prune: query(connection, (beforeSeq: Slot<number>, limit: Slot<number>) =>
      tables
        .deleteFrom("archive")
        .where(({ eb, refTuple, selectFrom }) =>
          eb(
            refTuple("seq", "owner_id"),
            "in",
            selectFrom("archive")
              .select(["seq", "owner_id"])
              .where("seq", "<", beforeSeq)
              .orderBy("seq")
              .limit(limit)
              .$asTuple("seq", "owner_id"),
          ),
        )
        .returning(["seq", "owner_id"]),
    ),
  };
}
