/**
 * The youngest of the messages that wait for their recipient.
 *
 * Most of them do not wait for long, and to put each into its places in the trees of `message` and `pending`, and to take
 * it out again, costs several times what its text does. So a commit writes all that it brings and all that it settles as
 * one row of `pending_journal`, a segment, and the messages stand here by owner. Where there are more than the limit, the
 * oldest go to the tables. Each waiting message is either here or in `pending`; at the start the journal is read again.
 *
 * A batch of nothing but messages that wait is written as it came, and stays so, packed, until somebody asks what waits.
 *
 * A segment goes when nothing in it waits any more and no older one is there: so a segment that tells of a removal is
 * never outlived by the one that brought the message.
 * @module
 */
import type { SQLInputValue } from "node:sqlite";
import { SeqMap } from "../seq_map.ts";
import type { NewMessage } from "../store.ts";
import { BulkInsert } from "./bulk_insert.ts";
import type { Connection } from "./connection.ts";
import {
  isLive,
  newSegment,
  type Row,
  rowsOf,
  type Segment,
  shareText,
  sizeOf,
  takeOldest,
} from "./journal_segment.ts";
import type { PackedWaiting } from "./packed_messages.ts";
import { query, type Slot } from "./query.ts";
import type { Tables } from "./schema.ts";
import { packSegment, packWhole, type SegmentRow, unpackSegment } from "./segment_text.ts";

/** What a transaction has done here, so that it can be written, or undone. */
type Change =
  | { readonly kind: "added" | "removed"; readonly row: Row }
  | { readonly kind: "packed"; readonly segment: Segment; readonly highestBefore: number }
  | { readonly kind: "dropped"; readonly segments: readonly Segment[] }
  | { readonly kind: "written"; readonly segment: Segment; readonly rowsBefore: Row[] }
  | { readonly kind: "compacted"; readonly segment: Segment };

export interface JournalLimits {
  readonly rows: number;
  /** Of all texts together, in UTF-16 units. */
  readonly units: number;
}

/** A transaction moves so many rows out for each that it brings, so it ends before as many new ones wait. */
const OUT_FOR_IN = 2;
/** No transaction becomes much longer by what it moves. */
const MOST_AT_ONCE = 1000;
/** Where fewer than one in so many is settled here, the journal only makes work: most go to the tables all the same. */
const SELDOM = 4;
/** So many times the limit of rows pass it by then, before it is tried again. */
const REST = 8;
const NONE: readonly never[] = [];

export class PendingJournal {
  readonly #limits: JournalLimits;
  readonly #queries: ReturnType<typeof journalQueries>;
  readonly #messages: BulkInsert;
  readonly #pending: BulkInsert;
  readonly #owners = new Map<number, SeqMap<Row>>();
  /** Segments that are packed, oldest first. Their messages came after all that stand among their owners'. */
  #packed: Segment[] = [];
  /** Oldest first; of the transaction under way only when it is written. */
  #segments: Segment[] = [];
  #open: Segment | undefined;
  #lastId = 0;
  #rows = 0;
  #units = 0;
  #changes: Change[] = [];
  #added = 0;
  /** Only above it a message is surely not in `pending`. */
  #highestInTable: number;
  /** Only above it a message is surely not here. */
  #highestHere = 0;
  /** How many have left, and of them how many were moved to the tables. */
  #left = 0;
  #moved = 0;
  /** How many are still to pass the journal by. */
  #rest = 0;
  #isFull = false;

  /** Reads what the journal holds. */
  constructor(connection: Connection, tables: Tables, limits: JournalLimits) {
    this.#limits = limits;
    this.#queries = journalQueries(connection, tables);
    this.#messages = new BulkInsert(connection, tables, "message", ["seq", "text"]);
    this.#pending = new BulkInsert(connection, tables, "pending", ["seq", "owner_id", "rules", "deadline"]);
    this.#highestInTable = this.#queries.highest.first()?.seq ?? 0;
    this.#read();
  }

  has(owner: number): boolean {
    return this.#of(owner) !== undefined;
  }

  holds(owner: number, seq: number): boolean {
    return seq <= this.#highestHere && this.#of(owner)?.has(seq) === true;
  }

  count(owner: number): number {
    return this.#of(owner)?.size ?? 0;
  }

  /** The owner's messages beyond `after`, in order, at most `limit`. */
  of(owner: number, after: number, limit: number): readonly SegmentRow[] {
    return this.#of(owner)?.after(after, limit) ?? NONE;
  }

  #of(owner: number): SeqMap<Row> | undefined {
    this.#unpack();
    return this.#owners.get(owner);
  }

  /**
   * Takes a message that will wait for `owner` and does not wait here yet. Returns false where it has to go to the
   * tables: one with a deadline, which is looked for by its time, or one that may be there already; and all of them for
   * a while, where the journal does not pay.
   */
  add({ seq, text, pending }: NewMessage, owner: number): boolean {
    if (this.#rest > 0) {
      this.#rest--;
      return false;
    }
    if (pending?.deadline !== undefined || seq <= this.#highestInTable) return false;
    this.#open ??= newSegment(this.#lastId + 1);
    const row: Row = { seq, owner, text, rules: pending?.rules, segment: this.#open, isGone: false };
    this.#bring(row);
    this.#changes.push({ kind: "added", row });
    this.#added++;
    return true;
  }

  /**
   * Takes messages as they came, and looks at none of them before somebody asks. Returns false, and takes none, where they
   * have to be looked at one by one.
   */
  addAll(packed: PackedWaiting): boolean {
    const { messages } = packed;
    if (this.#rest > 0 || this.#open !== undefined || messages.length === 0) return false;
    if (messages.firstSeq <= Math.max(this.#highestInTable, this.#highestHere) || !messages.onlyWait) return false;
    const segment = newSegment(this.#lastId + 1);
    segment.packed = packed;
    segment.live = messages.length;
    segment.units = messages.units;
    this.#open = segment;
    this.#packed.push(segment);
    this.#changes.push({ kind: "packed", segment, highestBefore: this.#highestHere });
    this.#highestHere = messages.lastSeq;
    this.#added += messages.length;
    return true;
  }

  /** A message is in `pending`, or will be. */
  noteInTable(seq: number): void {
    if (seq > this.#highestInTable) this.#highestInTable = seq;
  }

  /** Returns whether it waited here. */
  remove(owner: number, seq: number): boolean {
    const row = this.#of(owner)?.get(seq);
    if (row === undefined) return false;
    this.#remove(row);
    return true;
  }

  removeAll(owner: number): void {
    for (const row of this.#of(owner)?.values() ?? NONE) this.#remove(row);
  }

  /** Puts a message that waits here into the tables. */
  release(owner: number, seq: number): void {
    const row = this.#of(owner)?.get(seq);
    if (row !== undefined) this.#move([row]);
  }

  /** The same, whoever it waits for. */
  releaseAny(seq: number): void {
    this.#unpack();
    for (const owner of [...this.#owners.keys()]) this.release(owner, seq);
  }

  /** At the end of each transaction that writes. */
  write(): void {
    if (this.#added > 0) {
      this.#judge();
      this.#moveShare();
    }
    if (this.#changes.length === 0) return;
    this.#drop();
    if (this.#isFull) this.#compact();
    this.#writeSegment(this.#isFull ? NONE : this.#removed());
  }

  /**
   * Runs a transaction where the disk or the quota is full: a removal is not written beside what it removes, but in its
   * place, which needs no room.
   */
  whileFull<T>(transaction: () => T): T {
    this.#isFull = true;
    try {
      return transaction();
    } finally {
      this.#isFull = false;
    }
  }

  /** A place to which undo() can go back within the transaction. */
  savepoint(): number {
    return this.#changes.length;
  }

  /** The database has rolled back to a savepoint, or with 0 the whole transaction. */
  undo(savepoint: number): void {
    while (this.#changes.length > savepoint) this.#undo(this.#changes.pop()!);
    if (savepoint === 0) this.#ended();
  }

  /** The transaction is committed. */
  committed(): void {
    if (this.#open !== undefined) this.#lastId = this.#open.id;
    this.#changes = [];
    this.#ended();
  }

  #ended(): void {
    this.#open = undefined;
    this.#added = 0;
  }

  #undo(change: Change): void {
    switch (change.kind) {
      case "added":
        this.#added--;
        change.row.segment.rows.pop();
        change.row.segment.units -= change.row.text.length;
        return this.#takeOut(change.row);
      case "packed":
        this.#highestHere = change.highestBefore;
        return this.#leaveOut(change.segment);
      case "removed":
        return this.#putIn(change.row);
      case "dropped":
        for (const segment of change.segments) segment.isDropped = false;
        this.#segments = [...change.segments, ...this.#segments];
        return this.#count(change.segments, 1);
      case "written":
        this.#segments.pop();
        this.#count([change.segment], -1);
        change.segment.rows = change.rowsBefore;
        return;
      case "compacted":
        change.segment.isCompact = false;
        return;
      default:
        change satisfies never;
    }
  }

  #leaveOut(segment: Segment): void {
    this.#added -= segment.live;
    if (segment.packed !== undefined) this.#packed.pop();
    for (const row of segment.rows) this.#takeOut(row);
    segment.packed = undefined;
    segment.rows = [];
    segment.live = 0;
    segment.units = 0;
  }

  /** Puts the messages of packed segments among their owners': of all, or of the oldest. */
  #unpack(segments = this.#packed.length): void {
    if (segments === 0) return;
    for (const segment of this.#packed.splice(0, segments)) {
      for (const row of rowsOf(segment)) {
        segment.rows.push(row);
        this.#putIn(row);
      }
    }
  }

  #bring(row: Row): void {
    this.#unpack();
    if (row.seq > this.#highestHere) this.#highestHere = row.seq;
    row.segment.rows.push(row);
    row.segment.units += row.text.length;
    this.#putIn(row);
  }

  #putIn(row: Row): void {
    row.isGone = false;
    row.segment.first = 0;
    row.segment.live++;
    const rows = this.#owners.get(row.owner);
    if (rows !== undefined) return rows.set(row.seq, row);
    const first = new SeqMap<Row>();
    first.set(row.seq, row);
    this.#owners.set(row.owner, first);
  }

  #takeOut(row: Row): void {
    row.isGone = true;
    row.segment.live--;
    row.segment.isCompact = false;
    const rows = this.#owners.get(row.owner)!;
    rows.delete(row.seq);
    if (rows.size === 0) this.#owners.delete(row.owner);
  }

  #remove(row: Row): void {
    this.#left++;
    this.#takeOut(row);
    this.#changes.push({ kind: "removed", row });
  }

  #move(rows: readonly Row[]): void {
    const texts: SQLInputValue[] = [];
    const pending: SQLInputValue[] = [];
    for (const row of rows) {
      const { seq, owner, text, rules } = row;
      texts.push(seq, text);
      pending.push(seq, owner, rules ?? null, null);
      this.#remove(row);
      this.noteInTable(seq);
    }
    this.#messages.run(texts);
    this.#pending.run(pending);
  }

  #judge(): void {
    if (this.#left <= this.#limits.rows) return;
    if ((this.#left - this.#moved) * SELDOM < this.#left) this.#rest = this.#limits.rows * REST;
    this.#left = 0;
    this.#moved = 0;
  }

  #moveShare(): void {
    let left = Math.min(this.#added * OUT_FOR_IN, Math.max(this.#added, MOST_AT_ONCE));
    // Those that came may be longer than the oldest are.
    if (this.#units > this.#limits.units) left = Math.max(left, MOST_AT_ONCE);
    while (left > 0 && (this.#rows > this.#limits.rows || this.#units > this.#limits.units)) {
      const oldest = this.#segments[0];
      if (oldest === undefined) return;
      if (oldest.packed !== undefined) this.#unpack(1);
      const rows = takeOldest(oldest, left);
      left -= rows.length;
      this.#moved += rows.length;
      this.#move(rows);
      this.#drop();
    }
  }

  #drop(): void {
    const dropped: Segment[] = [];
    while (this.#segments[dropped.length]?.live === 0) dropped.push(this.#segments[dropped.length]!);
    if (dropped.length === 0) return;
    this.#segments.splice(0, dropped.length);
    for (const segment of dropped) segment.isDropped = true;
    this.#count(dropped, -1);
    this.#changes.push({ kind: "dropped", segments: dropped });
    this.#queries.drop.run(dropped[0]!.id, dropped.at(-1)!.id);
  }

  /** What later reading of earlier segments must not bring back. */
  #removed(): Row[] {
    const removed: Row[] = [];
    for (const change of this.#changes) {
      if (change.kind !== "removed") continue;
      const { segment } = change.row;
      if (segment !== this.#open && !segment.isDropped) removed.push(change.row);
    }
    return removed;
  }

  #writeSegment(gone: readonly Row[]): void {
    const rows = this.#open?.rows.filter(isLive) ?? [];
    const packed = this.#open?.packed;
    if (gone.length === 0 && rows.length === 0 && packed === undefined) return;
    this.#open ??= newSegment(this.#lastId + 1);
    const segment = this.#open;
    const text = packed === undefined ? packSegment({ gone, rows }) : packWhole(gone, packed);
    this.#queries.write.run(segment.id, text);
    const rowsBefore = segment.rows;
    segment.isCompact = gone.length === 0;
    if (packed === undefined) {
      segment.rows = rows;
      segment.units = shareText(rows, text);
    }
    this.#segments.push(segment);
    this.#count([segment], 1);
    this.#changes.push({ kind: "written", segment, rowsBefore });
  }

  /** Takes out of all earlier segments what is gone. */
  #compact(): void {
    this.#unpack();
    for (const segment of this.#segments) {
      if (segment.isCompact) continue;
      const { id, rows } = segment;
      this.#queries.drop.run(id, id);
      this.#queries.write.run(id, packSegment({ gone: NONE, rows: rows.filter(isLive) }));
      segment.isCompact = true;
      this.#changes.push({ kind: "compacted", segment });
    }
  }

  #count(segments: readonly Segment[], sign: 1 | -1): void {
    for (const segment of segments) {
      this.#rows += sign * sizeOf(segment);
      this.#units += sign * segment.units;
    }
  }

  #read(): void {
    for (let next = this.#queries.next.first(0); next !== undefined; next = this.#queries.next.first(next.id)) {
      const segment = newSegment(next.id);
      const { gone, rows } = unpackSegment(next.text);
      for (const { seq, owner } of gone) this.remove(owner, seq);
      for (const row of rows) this.#bring({ ...row, segment, isGone: false });
      this.#segments.push(segment);
      this.#count([segment], 1);
      this.#lastId = segment.id;
    }
    this.#changes = [];
    this.#left = 0;
  }
}

function journalQueries(connection: Connection, tables: Tables) {
  return {
    highest: query(connection, () => tables.selectFrom("pending").select("seq").orderBy("seq", "desc").limit(1)),
    next: query(connection, (after: Slot<number>) =>
      tables.selectFrom("pending_journal").select(["id", "text"]).where("id", ">", after).orderBy("id").limit(1),
    ),
    write: query(connection, (id: Slot<number>, text: Slot<string>) =>
      tables.insertInto("pending_journal").values({ id, text }),
    ),
    drop: query(connection, (from: Slot<number>, until: Slot<number>) =>
      tables.deleteFrom("pending_journal").where("id", ">=", from).where("id", "<=", until),
    ),
  };
}
