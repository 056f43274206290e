/**
 * Group commit: gathers the writes of many actors, commits them in one transaction at a time, then answers all of them. A write
 * that nobody waits for may wait for company; a waiting row whose proof of receipt arrives before its commit is never written.
 * Reads stand apart (waiting_reads.ts). A plain object: the StoreActor gives it letters, and carries out what it asks for.
 *
 * Reads and commits share the store's thread. A second connection for reads would spare them the commit under way: at 1,000
 * archived messages a second nothing at the median (0.2 ms) and little at the 99th percentile (12 to 26 ms, 6 to 20 instead). It
 * would cost 16 MB, and 5 to 10% of a message's commit, since the database could not be locked for one connection any more.
 * @module
 */
import { subjectsOf } from "../../store/operations.ts";
import { type StoreCall, StoreFault, type StoreReply, type StreamCount } from "../../store/store.ts";
import type { Log } from "../../xmpp/log.ts";
import type { NowAndThen } from "../now_and_then.ts";
import {
  type Batch,
  type Calls,
  type Settle,
  tellCommitted,
  tellRefused,
  unitsOf,
  type Written,
  writtenBy,
} from "./batch.ts";
import { earliestDeadline } from "./earliest_deadline.ts";
import { type Read, WaitingReads } from "./waiting_reads.ts";
import { type Append, WaitingRows } from "./waiting_rows.ts";

export interface CommitHost {
  readonly log: Log;
  readonly notices: NowAndThen;
  /** How long a write that nobody waits for may wait for company. */
  readonly delayMs: number;
  /** Begins a transaction, at whose end committed() is called. */
  run(batch: readonly StoreCall[]): void;
  /** Begins a reading, at whose end answered() is called with its number. */
  read(reading: number, reads: readonly Read[]): void;
  /** Calls tick() later; returns what cancels that. */
  wake(ms: number): () => void;
  /** Counts of resumable streams that go along with the next commit. */
  takeStreamCounts(): readonly StreamCount[];
  /** Rows were committed, or may have been, of which this is the earliest deadline; milliseconds since 1970. */
  deadline(at: number): void;
  /** So many calls and reads wait now, and UTF-16 units of them. */
  waiting(calls: number, units: number): void;
}

/** A batch goes at once when so many messages or UTF-16 units wait. */
const FULL_MESSAGES = 10_000;
const FULL_UNITS = 8 * 1024 * 1024;
/** How soon what nobody waits for is tried again after a fault. */
const RETRY_MS = 1000;
/** Above this an append is refused: the disk does not keep up. */
const MAX_MESSAGES = 50_000;
const MAX_UNITS = 128 * 1024 * 1024;

/** Which of the rows that wait for company go with a commit. */
type Taken = "none" | "aged" | "all";

const NOTHING: Written = { calls: [], places: [], countsAt: 0 };
const NOBODY: ReadonlySet<string> = new Set();

/** Of each stream the younger count. */
function joined(older: readonly StreamCount[], younger: readonly StreamCount[]): readonly StreamCount[] {
  if (older.length === 0) return younger;
  return [...new Map([...older, ...younger].map((count) => [count.id, count])).values()];
}

export class GroupCommit {
  readonly #host: CommitHost;
  readonly #rows = new WaitingRows();
  #settles: Settle[] = [];
  #calls: Calls[] = [];
  #callUnits = 0;
  /** Of streams, which a commit could not keep; younger ones come after them. */
  #counts: readonly StreamCount[] = [];
  /** There are others to take, of which a commit that is under way knows nothing. */
  #hasCounts = false;
  #batch: Batch | undefined;
  /** What of the batch the store has been asked. */
  #written: Written = NOTHING;
  #hurried: Taken | undefined;
  /** Whose rows go with the next commit, whatever else does. */
  #readOwners: ReadonlySet<string> = NOBODY;
  readonly #reads = new WaitingReads();
  /** Reads that the store is at, by the number of their reading. */
  readonly #readings = new Map<number, readonly Read[]>();
  #readCount = 0;
  #lastReading = 0;
  #cancelWake: (() => void) | undefined;

  constructor(host: CommitHost) {
    this.#host = host;
  }

  append(append: Append): void {
    const rows = this.#rows;
    if (rows.size >= MAX_MESSAGES || rows.units >= MAX_UNITS) {
      const fault = new StoreFault("busy", "Cannot store message: too many wait already");
      return append.from.tell({ kind: "refused", seqs: [append.message.seq], fault });
    }
    rows.add(append);
    if (append.wanted || rows.size >= FULL_MESSAGES || rows.units >= FULL_UNITS) return this.#commitSoon("all");
    this.#plan();
  }

  settle(owner: string, seqs: readonly number[]): void {
    let isLeft = false;
    for (const seq of seqs) {
      if (this.#rows.cancel(owner, seq)) continue;
      this.#settles.push({ owner, seq });
      isLeft = true;
    }
    if (isLeft) this.#plan();
  }

  /** Without calls: answered once all is committed that came before. */
  call(request: Calls): void {
    this.#calls.push(request);
    for (const call of request.calls) this.#callUnits += unitsOf(call);
    if (request.ages === true) this.#plan();
    else this.#commitSoon(request.alone === true ? "none" : "all");
    this.#tellWaiting();
  }

  /** Returns whether it is the first of its turn, at whose end turnEnded() is to be called. */
  read(read: Read): boolean {
    const isFirst = this.#reads.add(read);
    this.#tellWaiting();
    return isFirst;
  }

  turnEnded(): void {
    const { subjects, logOwners } = this.#reads;
    const rows = this.#ownersAmong(logOwners);
    const free = this.#reads.takeFree({ calls: this.#calledAmong(subjects), rows });
    this.#beginReading(free);
    if (rows.size > 0) {
      this.#readOwners = new Set([...this.#readOwners, ...rows]);
      this.#commitSoon("none");
    }
    this.#tellWaiting();
  }

  /** What waits for company goes now. */
  hurry(): void {
    this.#commitSoon("all");
  }

  /** There are counts of resumable streams to keep. */
  noteCounts(): void {
    this.#hasCounts = true;
    this.#plan();
  }

  /** Half the time that a write may wait has passed: what was here then goes, and what has come since waits once more. */
  tick(): void {
    this.#cancelWake = undefined;
    if (this.#batch !== undefined) {
      if (this.#hurried !== "all") this.#hurried = "aged";
      return;
    }
    const isAnyDue = this.#rows.size === 0 || this.#rows.hasAged || this.#settles.length > 0 || this.#calls.length > 0;
    if (isAnyDue) return this.#commit("aged");
    this.#rows.age();
    this.#plan();
  }

  /** The transaction is over. */
  committed(replies: readonly StoreReply[] | StoreFault): void {
    const batch = this.#batch;
    this.#batch = undefined;
    if (batch === undefined) return;
    const written = this.#written;
    this.#written = NOTHING;
    const deadline = earliestDeadline(written.calls, replies);
    if (deadline !== undefined) this.#host.deadline(deadline);
    const isDone = replies instanceof StoreFault ? this.#refuse(batch, replies) : this.#answer(batch, written, replies);
    // Also where the next commit follows at once: it may not take what waits for company.
    if (this.#isOwing) this.#plan(isDone ? 0 : RETRY_MS);
    if (this.#hurried !== undefined) this.#commit(this.#hurried);
    this.#tellWaiting();
  }

  /** A reading is over. */
  answered(reading: number, replies: readonly StoreReply[] | StoreFault): void {
    const reads = this.#readings.get(reading) ?? [];
    this.#readings.delete(reading);
    this.#readCount -= reads.length;
    if (replies instanceof StoreFault) {
      this.#host.log.error("store cannot read", { fault: replies.kind, message: replies.message });
      for (const { reject } of reads) reject(replies);
    } else for (let at = 0; at < reads.length; at++) reads[at]!.resolve(replies[at]!);
    this.#tellWaiting();
  }

  /** Nothing is committed any more by itself. */
  stop(): void {
    this.#cancelWake?.();
  }

  /** A write that nobody waits for: soon, together with others. */
  #plan(atLeastMs = 0): void {
    if (this.#cancelWake !== undefined || this.#batch !== undefined) return;
    this.#cancelWake = this.#host.wake(Math.max(atLeastMs, this.#host.delayMs / 2));
  }

  #commitSoon(taken: Taken): void {
    if (this.#batch === undefined) this.#commit(taken);
    else if (taken === "all" || this.#hurried === undefined) this.#hurried = taken;
  }

  #commit(taken: Taken): void {
    this.#hurried = undefined;
    if (taken !== "none") {
      this.#cancelWake?.();
      this.#cancelWake = undefined;
    }
    const batch = this.#takeBatch(taken);
    this.#written = writtenBy(batch);
    if (this.#written.calls.length > 0) {
      this.#batch = batch;
      this.#host.run(this.#written.calls);
    } else {
      for (const { resolve } of batch.calls) resolve([]);
      if (this.#isOwing) this.#plan();
    }
    this.#beginReading(this.#reads.takeHeld());
  }

  #takeBatch(taken: Taken): Batch {
    const appends = this.#takeRows(taken);
    const counts = joined(this.#counts, this.#host.takeStreamCounts());
    const batch = { appends, settles: this.#settles, calls: this.#calls, callUnits: this.#callUnits, counts };
    this.#settles = [];
    this.#calls = [];
    this.#callUnits = 0;
    this.#counts = [];
    this.#hasCounts = false;
    return batch;
  }

  #takeRows(taken: Taken): readonly Append[] {
    const owners = this.#readOwners;
    this.#readOwners = NOBODY;
    if (taken === "all") return this.#rows.takeAll();
    const read = owners.size > 0 ? this.#rows.takeOf(owners) : [];
    if (taken === "none") return read;
    const aged = this.#rows.takeAged();
    this.#rows.age();
    return read.length > 0 ? [...read, ...aged] : aged;
  }

  #beginReading(reads: readonly Read[]): void {
    if (reads.length === 0) return;
    this.#readings.set(++this.#lastReading, reads);
    this.#readCount += reads.length;
    this.#host.read(this.#lastReading, reads);
  }

  /** Whose rows wait, or are to go. */
  #ownersAmong(owners: ReadonlySet<string>): ReadonlySet<string> {
    const settled = this.#settles.filter(({ owner }) => owners.has(owner));
    const rows = this.#rows.ownersAmong(owners);
    return settled.length === 0 ? rows : new Set([...rows, ...settled.map(({ owner }) => owner)]);
  }

  #calledAmong(subjects: ReadonlySet<string>): ReadonlySet<string> {
    if (this.#calls.length === 0) return NOBODY;
    const called = this.#calls.flatMap(({ calls }) => calls.flatMap(subjectsOf));
    return new Set(called.filter((subject) => subjects.has(subject)));
  }

  /** With those that the store is at. */
  #tellWaiting(): void {
    const calls = this.#calls.length + (this.#batch?.calls.length ?? 0);
    this.#host.waiting(calls + this.#reads.size + this.#readCount, this.#callUnits + (this.#batch?.callUnits ?? 0));
  }

  /** Whether anything waits for a commit that nobody hurries. */
  get #isOwing(): boolean {
    return (
      this.#rows.size > 0 ||
      this.#settles.length > 0 ||
      this.#calls.length > 0 ||
      this.#hasCounts ||
      this.#counts.length > 0
    );
  }

  /** Returns false where a removal or a count has to be tried again. */
  #answer(batch: Batch, { places, countsAt }: Written, replies: readonly StoreReply[]): boolean {
    let at = 0;
    if (batch.appends.length > 0) this.#answerAppends(batch.appends, replies[at++]);
    const settled = batch.settles.length === 0 || this.#isWritten("settle", replies[at++]);
    if (!settled) this.#settles = [...batch.settles, ...this.#settles];
    for (let i = 0; i < batch.calls.length; i++) {
      const { calls, resolve } = batch.calls[i]!;
      const answers = places[i]!.map((place) => replies[place]!);
      for (let j = 0; j < answers.length; j++) this.#noteRefused(calls[j]!, answers[j]!);
      resolve(answers);
    }
    const counted = batch.counts.length === 0 || this.#isWritten("putStreams", replies[countsAt]);
    if (!counted) this.#counts = batch.counts;
    return settled && counted;
  }

  #answerAppends(appends: readonly Append[], reply: StoreReply | undefined): void {
    if (reply !== undefined && "fault" in reply) return tellRefused(appends, reply.fault);
    if (reply !== undefined) this.#notePruned(reply.value);
    tellCommitted(appends);
  }

  #notePruned(accounts: unknown): void {
    if (accounts === undefined) return;
    for (const account of accounts as readonly string[]) {
      if (this.#host.notices.isDue(`archive ${account}`)) {
        this.#host.log.info("archive has reached its quota: oldest messages go", { account });
      }
    }
  }

  #noteRefused(call: StoreCall, reply: StoreReply): void {
    if (!("fault" in reply) || reply.fault.kind !== "quota") return;
    const account = String(call[1]);
    if (this.#host.notices.isDue(`quota ${account}`)) {
      this.#host.log.warn("account has reached its quota", { account, method: call[0] });
    }
  }

  /** Nobody waits for the reply of such a call. */
  #isWritten(method: "settle" | "putStreams", reply: StoreReply | undefined): boolean {
    if (reply === undefined || !("fault" in reply)) return true;
    const { kind, message } = reply.fault;
    this.#host.log.error("store cannot write", { method, fault: kind, message });
    return false;
  }

  #refuse(batch: Batch, fault: StoreFault): boolean {
    this.#host.log.error("store cannot commit", { fault: fault.kind, message: fault.message });
    tellRefused(batch.appends, fault);
    for (const request of batch.calls) request.reject(fault);
    // A row that stays would only be offered once more; its removal is tried again.
    this.#settles = [...batch.settles, ...this.#settles];
    this.#counts = batch.counts;
    return false;
  }
}
