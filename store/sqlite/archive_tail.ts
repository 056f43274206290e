/**
 * The newest rows of the archives, which the indexes by owner and by peer do not hold yet.
 *
 * A message goes into the archives of two owners, and each owner has pages of its own in both indexes: to write them
 * with every commit costs three times the rest of it. So a commit writes the table `archive` alone, which is in the
 * order of the log, and its rows wait here. They go to `archive_index` owner by owner, so that a page is written for
 * many rows. Each row of `archive` is either here or in `archive_index`; at the start those that are not there are read
 * in again.
 * @module
 */
import { lowerBound } from "../sequence.ts";
import { BulkInsert } from "./bulk_insert.ts";
import type { Connection } from "./connection.ts";
import { query, type Slot } from "./query.ts";
import type { Tables } from "./schema.ts";

/** One owner's rows, in ascending order of `seqs`; `peers` are peer ids. */
export interface OwnerRows {
  readonly seqs: readonly number[];
  readonly peers: readonly number[];
}

interface MutableRows {
  seqs: number[];
  peers: number[];
}

/** Rows as they are bound: seq, owner id, peer id, and so on. */
export type FlatRows = readonly number[];

/** What a transaction has done here, so that it can be undone. */
type Change =
  | { readonly kind: "added"; readonly rows: FlatRows }
  | { readonly kind: "removed"; readonly rows: FlatRows }
  | { readonly kind: "indexed"; readonly owner: number; readonly rows: OwnerRows };

const NO_ROWS: OwnerRows = { seqs: [], peers: [] };
const WIDTH = 3;
/** A pass takes out so many rows for each that comes in, so it ends before as many new ones wait. */
const OUT_FOR_IN = 4;
/** No transaction becomes much longer by a pass: it takes out so many rows, or a little more than it brings. */
const MOST_AT_ONCE = 1000;
const LITTLE_MORE = 1.5;

export class ArchiveTail {
  readonly #limit: number;
  readonly #queries: ReturnType<typeof tailQueries>;
  readonly #index: BulkInsert;
  readonly #owners = new Map<number, MutableRows>();
  #size = 0;
  #changes: Change[] = [];
  #added = 0;
  /** Each row with a seq up to this is indexed; of the later ones some are. */
  #indexedSeq: number;
  #highestSeq: number;
  /** Owners whom the pass has still to visit, the next one last. */
  #pass: number[] = [];

  /** Reads what is not indexed. `limit`: how many rows may wait before a pass begins. */
  constructor(connection: Connection, tables: Tables, limit: number) {
    this.#limit = limit;
    this.#queries = tailQueries(connection, tables);
    this.#index = new BulkInsert(connection, tables, "archive_index", ["seq", "owner_id", "peer_id"]);
    this.#indexedSeq = Number(this.#queries.indexedSeq.first()?.value ?? 0);
    this.#highestSeq = this.#indexedSeq;
    for (const row of this.#queries.unindexed.all(this.#indexedSeq)) this.#insert(row.seq, row.owner_id, row.peer_id);
  }

  /** The owner's rows that are not indexed. */
  of(owner: number): OwnerRows {
    return this.#owners.get(owner) ?? NO_ROWS;
  }

  /** Takes rows that were just inserted into `archive`, each of them new there. */
  add(rows: FlatRows): void {
    let late = false;
    for (let i = 0; i < rows.length; i += WIDTH) if (rows[i]! <= this.#indexedSeq) late = true;
    const waiting = late ? this.#indexLate(rows) : rows;
    for (let i = 0; i < waiting.length; i += WIDTH) this.#insert(waiting[i]!, waiting[i + 1]!, waiting[i + 2]!);
    this.#changes.push({ kind: "added", rows: waiting });
    this.#added += waiting.length / WIDTH;
  }

  /** As add(), where some of the rows may have been in `archive` before. Returns those that were not. */
  addUnknown(rows: FlatRows): FlatRows {
    const added: number[] = [];
    for (let i = 0; i < rows.length; i += WIDTH) {
      const [seq, owner] = [rows[i]!, rows[i + 1]!];
      if (placeOf(this.of(owner), seq) !== -1 || this.#queries.isIndexed.first(owner, seq) !== undefined) continue;
      const row = rows.slice(i, i + WIDTH);
      this.add(row);
      added.push(...row);
    }
    return added;
  }

  /** Forgets a row that leaves `archive`, wherever it is. */
  remove(owner: number, seq: number): void {
    const place = placeOf(this.of(owner), seq);
    if (place === -1) {
      this.#queries.unindex.run(owner, seq);
      return;
    }
    const rows = [seq, owner, this.of(owner).peers[place]!];
    this.#delete(seq, owner);
    this.#changes.push({ kind: "removed", rows });
  }

  /** Indexes what waits of one owner. */
  indexOwner(owner: number): void {
    while (this.#owners.has(owner)) this.#indexOldest(owner);
  }

  /** Indexes all that waits. */
  indexAll(): void {
    for (const owner of [...this.#owners.keys()].sort((a, b) => a - b)) this.indexOwner(owner);
    this.#pass = [];
    this.#passEnded();
  }

  /** At the end of each transaction that writes: indexes a share where more rows wait than the limit. */
  indexShare(): void {
    if (this.#pass.length === 0) {
      if (this.#size <= this.#limit) return;
      this.#pass = [...this.#owners.keys()].sort((a, b) => b - a);
    }
    const most = Math.max(this.#added * LITTLE_MORE, MOST_AT_ONCE);
    const goal = this.#size - Math.min(Math.max(this.#added * OUT_FOR_IN, 1), most);
    while (this.#size > goal && this.#pass.length > 0) {
      const owner = this.#pass.at(-1)!;
      this.#indexOldest(owner);
      if (!this.#owners.has(owner)) this.#pass.pop();
    }
    if (this.#pass.length === 0) this.#passEnded();
  }

  /** A place to which undo() can go back within the transaction. */
  savepoint(): number {
    return this.#changes.length;
  }

  /** The database has rolled back to a savepoint, or with 0 the whole transaction. */
  undo(savepoint: number): void {
    while (this.#changes.length > savepoint) {
      const change = this.#changes.pop()!;
      if (change.kind === "indexed") this.#putBack(change.owner, change.rows);
      else this.#undoRows(change.rows, change.kind);
      if (change.kind === "added") this.#added -= change.rows.length / WIDTH;
    }
  }

  /** The transaction is committed. */
  committed(): void {
    this.#changes = [];
    this.#added = 0;
  }

  /** Rows older than what is surely indexed are not looked for at the next start. Returns the others. */
  #indexLate(rows: FlatRows): FlatRows {
    const late: number[] = [];
    const waiting: number[] = [];
    for (let i = 0; i < rows.length; i += WIDTH) {
      (rows[i]! <= this.#indexedSeq ? late : waiting).push(rows[i]!, rows[i + 1]!, rows[i + 2]!);
    }
    this.#index.run(late);
    return waiting;
  }

  #indexOldest(owner: number): void {
    const rows = this.#owners.get(owner);
    if (rows === undefined) return;
    const seqs = rows.seqs.splice(0, MOST_AT_ONCE);
    const peers = rows.peers.splice(0, MOST_AT_ONCE);
    if (rows.seqs.length === 0) this.#owners.delete(owner);
    this.#size -= seqs.length;
    this.#changes.push({ kind: "indexed", owner, rows: { seqs, peers } });
    this.#index.run(seqs.flatMap((seq, i) => [seq, owner, peers[i]!]));
  }

  #passEnded(): void {
    let lowest = this.#highestSeq + 1;
    for (const { seqs } of this.#owners.values()) lowest = Math.min(lowest, seqs[0]!);
    this.#indexedSeq = lowest - 1;
    this.#queries.setIndexedSeq.run(String(this.#indexedSeq));
  }

  #undoRows(rows: FlatRows, kind: "added" | "removed"): void {
    for (let i = rows.length - WIDTH; i >= 0; i -= WIDTH) {
      if (kind === "added") this.#delete(rows[i]!, rows[i + 1]!);
      else this.#insert(rows[i]!, rows[i + 1]!, rows[i + 2]!);
    }
  }

  #putBack(owner: number, { seqs, peers }: OwnerRows): void {
    const rows = this.of(owner);
    this.#owners.set(owner, { seqs: [...seqs, ...rows.seqs], peers: [...peers, ...rows.peers] });
    this.#size += seqs.length;
  }

  #insert(seq: number, owner: number, peer: number): void {
    let rows = this.#owners.get(owner);
    if (rows === undefined) {
      rows = { seqs: [], peers: [] };
      this.#owners.set(owner, rows);
    }
    const place = lowerBound(rows.seqs, seq);
    if (place === rows.seqs.length) {
      rows.seqs.push(seq);
      rows.peers.push(peer);
    } else {
      rows.seqs.splice(place, 0, seq);
      rows.peers.splice(place, 0, peer);
    }
    this.#highestSeq = Math.max(this.#highestSeq, seq);
    this.#size++;
  }

  #delete(seq: number, owner: number): void {
    const rows = this.#owners.get(owner)!;
    const place = placeOf(rows, seq);
    rows.seqs.splice(place, 1);
    rows.peers.splice(place, 1);
    if (rows.seqs.length === 0) this.#owners.delete(owner);
    this.#size--;
  }
}

/** Where a seq is, or -1. */
function placeOf({ seqs }: OwnerRows, seq: number): number {
  const place = lowerBound(seqs, seq);
  return seqs[place] === seq ? place : -1;
}

const INDEXED_SEQ = "indexedSeq";

function tailQueries(connection: Connection, tables: Tables) {
  return {
    indexedSeq: query(connection, () => tables.selectFrom("meta").select("value").where("key", "=", INDEXED_SEQ)),
    setIndexedSeq: query(connection, (value: Slot<string>) =>
      tables.insertInto("meta").orReplace().values({ key: INDEXED_SEQ, value }),
    ),
    isIndexed: query(connection, (owner: Slot<number>, seq: Slot<number>) =>
      tables.selectFrom("archive_index").select("seq").where("owner_id", "=", owner).where("seq", "=", seq),
    ),
    unindex: query(connection, (owner: Slot<number>, seq: Slot<number>) =>
      tables.deleteFrom("archive_index").where("owner_id", "=", owner).where("seq", "=", seq),
    ),
    unindexed: query(connection, (after: Slot<number>) =>
      tables
        .selectFrom("archive as a")
        .select(["a.seq", "a.owner_id", "a.peer_id"])
        .where("a.seq", ">", after)
        .where(({ not, exists, selectFrom }) =>
          not(
            exists(
              selectFrom("archive_index as i")
                .select("i.seq")
                .whereRef("i.owner_id", "=", "a.owner_id")
                .whereRef("i.seq", "=", "a.seq"),
            ),
          ),
        )
        .orderBy("a.seq"),
    ),
  };
}
