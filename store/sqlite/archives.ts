/**
 * Archives (XEP-0313): each owner's messages in order, by pages from either end, and their retention.
 * @module
 */
import { sql } from "kysely";
import type { ArchivedMessage, ArchivePage, ArchiveQuery, StoreOperations } from "../store.ts";
import type { Connection } from "./connection.ts";
import { dropUnusedMessage } from "./message_log.ts";
import { type Query, query, type Slot } from "./query.ts";
import type { RowIds } from "./row_ids.ts";
import type { Tables } from "./schema.ts";

type ArchiveOperations = Pick<StoreOperations, "archive" | "archiveBounds" | "pruneArchive" | "trimArchive">;

export function archiveOperations(connection: Connection, tables: Tables, ids: RowIds): ArchiveOperations {
  const pages = new ArchivePages(connection, tables, ids);
  const queries = retentionQueries(connection, tables);
  const dropUnused = dropUnusedMessage(connection, tables);

  function dropped(rows: readonly { readonly seq: number }[]): number {
    for (const { seq } of rows) dropUnused.run(seq);
    return rows.length;
  }

  return {
    archive: (request) => pages.read(request),

    archiveBounds(owner: string) {
      const id = ids.account(owner);
      if (id === undefined) return undefined;
      const first = queries.first.first(id)?.seq;
      const last = queries.last.first(id)?.seq;
      return first === undefined || last === undefined ? undefined : { first, last };
    },

    pruneArchive: (beforeSeq: number, limit: number) => dropped(queries.prune.all(beforeSeq, limit)),

    trimArchive(owner: string, keep: number): number {
      const id = ids.account(owner);
      if (id === undefined) return 0;
      const newestToGo = queries.nth.first(id, keep)?.seq;
      return newestToGo === undefined ? 0 : dropped(queries.trim.all(id, newestToGo));
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
  readonly #queries: readonly { readonly shape: Shape; readonly queries: ShapeQueries }[];

  constructor(connection: Connection, tables: Tables, ids: RowIds) {
    this.#ids = ids;
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
    const seqs = JSON.stringify(request.seqs ?? []);
    const from = request.from ?? 0;
    const until = request.until ?? Number.MAX_SAFE_INTEGER;
    const lowest = request.after === undefined ? from : Math.max(from, request.after + 1);
    const highest = request.before === undefined ? until : Math.min(until, request.before - 1);
    // One row more than asked for tells whether there are any beyond.
    const rows = queries[take].all(owner, peer, lowest, highest, seqs, limit + 1);
    const messages = rows.slice(0, limit);
    return {
      messages: take === "last" ? messages.reverse() : messages,
      complete: rows.length <= limit,
      total: count === true ? queries.count.first(owner, peer, from, until, seqs)!.total : undefined,
    };
  }

  #queriesFor(shape: Shape): ShapeQueries {
    return this.#queries.find((entry) => entry.shape.peer === shape.peer && entry.shape.seqs === shape.seqs)!.queries;
  }
}

function emptyPage(request: ArchiveQuery): ArchivePage {
  return { messages: [], complete: true, total: request.count === true ? 0 : undefined };
}

function shapeQueries(connection: Connection, tables: Tables, shape: Shape): ShapeQueries {
  const within = (...[owner, peer, lowest, highest, seqs]: Slots<Bounds>) =>
    tables
      .selectFrom("archive as a")
      .where("a.owner_id", "=", owner)
      .where("a.seq", ">=", lowest)
      .where("a.seq", "<=", highest)
      .$if(shape.peer, (select) => select.where("a.peer_id", "=", peer))
      .$if(shape.seqs, (select) => select.where("a.seq", "in", sql<number>`(select value from json_each(${seqs}))`));

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
        within(owner, peer, lowest, highest, seqs)
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
        within(owner, peer, lowest, highest, seqs).select(({ fn }) => fn.countAll<number>().as("total")),
    ),
  };
}

function retentionQueries(connection: Connection, tables: Tables) {
  const ofOwner = (owner: Slot<number>) => tables.selectFrom("archive").select("seq").where("owner_id", "=", owner);
  return {
    first: query(connection, (owner: Slot<number>) => ofOwner(owner).orderBy("seq").limit(1)),
    last: query(connection, (owner: Slot<number>) => ofOwner(owner).orderBy("seq", "desc").limit(1)),
    nth: query(connection, (owner: Slot<number>, keep: Slot<number>) =>
      ofOwner(owner).orderBy("seq", "desc").limit(1).offset(keep),
    ),
    trim: query(connection, (owner: Slot<number>, upTo: Slot<number>) =>
      tables.deleteFrom("archive").where("owner_id", "=", owner).where("seq", "<=", upTo).returning("seq"),
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
        .returning("seq"),
    ),
  };
}
