/**
 * The store's actor: one per server. Gathers the writes of many actors, commits them in one transaction on the store's own
 * thread, then answers all of them. A write that nobody waits for may wait for company; a waiting row whose proof of receipt
 * arrives before its commit is never written.
 * @module
 */
import { SeqMap } from "../store/seq_map.ts";
import { seqTime } from "../store/sequence.ts";
import { type Store, type StoreCall, StoreFault, type StoreReply, type StreamCount } from "../store/store.ts";
import type { Log } from "../xmpp/log.ts";
import { earliestDeadline } from "./earliest_deadline.ts";
import type { NowAndThen } from "./now_and_then.ts";
import { RowAging } from "./row_aging.ts";
import type { Actor, ActorRef } from "./runtime/mailbox.ts";
import type { CommitNews, StoreMessage } from "./store_letter.ts";

export interface StoreActorStart {
  readonly store: Store;
  readonly log: Log;
  readonly notices: NowAndThen;
  readonly delayMs: number;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly schedule: (ms: number, task: () => void) => () => void;
  readonly self: () => ActorRef<StoreMessage>;
  /** Counts of resumable streams that go along with the next commit. */
  readonly takeStreamCounts: () => readonly StreamCount[];
  /** Rows were committed, or may have been, of which this is the earliest deadline; milliseconds since 1970. */
  readonly deadline: (at: number) => void;
  /** So many calls wait now, and UTF-16 units of them. */
  readonly waiting: (calls: number, units: number) => void;
}

type Calls = Extract<StoreMessage, { kind: "calls" }>;

type Append = Extract<StoreMessage, { kind: "append" }>;

/** One transaction under way, and whom to answer. */
interface Batch {
  readonly written: readonly StoreCall[];
  readonly appends: readonly Append[];
  readonly settles: readonly { readonly owner: string; readonly seq: number }[];
  readonly calls: readonly Calls[];
  readonly callUnits: number;
  readonly counts: readonly StreamCount[];
}

/** A batch goes at once when so many messages or UTF-16 units wait. */
const FULL_MESSAGES = 10_000;
const FULL_UNITS = 8 * 1024 * 1024;
/** How soon what nobody waits for is tried again after a fault. */
const RETRY_MS = 1000;
/** Above this an append is refused: the disk does not keep up. */
const MAX_MESSAGES = 50_000;
const MAX_UNITS = 128 * 1024 * 1024;

/** Which of the writes that wait for company go with a commit. */
type Taken = "none" | "older" | "all";

const NOTHING: readonly Append[] = [];
const NONE: readonly number[] = [];

export class StoreActor implements Actor<StoreMessage> {
  readonly #start: StoreActorStart;
  /** Writes that wait for company, in two generations: at each tick of the timer the older goes, the younger ages. */
  #older = new SeqMap<Append>();
  #younger = new SeqMap<Append>();
  #units = 0;
  readonly #aging = new RowAging();
  #agedAt = 0;
  #settles: { readonly owner: string; readonly seq: number }[] = [];
  #calls: Calls[] = [];
  #callUnits = 0;
  /** Of streams, which a commit could not keep; younger ones come after them. */
  #counts: readonly StreamCount[] = [];
  /** There are others to take, of which a commit that is under way knows nothing. */
  #hasCounts = false;
  #batch: Batch | undefined;
  #hurried: Taken | undefined;
  #cancelTimer: (() => void) | undefined;

  constructor(start: StoreActorStart) {
    this.#start = start;
  }

  receive(message: StoreMessage): void {
    switch (message.kind) {
      case "append":
        return this.#onAppend(message);
      case "settle":
        return this.#onSettle(message.owner, message.seqs);
      case "calls":
        return this.#onCalls(message);
      case "hurry":
        return this.#hurry("all");
      case "counts":
        this.#hasCounts = true;
        return this.#plan();
      case "tick":
        return this.#onTick();
      case "done":
        return this.#onDone(message.replies);
      default:
        message satisfies never;
    }
  }

  stopped(): void {
    this.#cancelTimer?.();
  }

  #onAppend(append: Append): void {
    const { message, units, from, wanted, provable } = append;
    if (this.#waiting >= MAX_MESSAGES || this.#units >= MAX_UNITS) {
      const fault = new StoreFault("busy", "Cannot store message: too many wait already");
      return from.tell({ kind: "refused", seqs: [message.seq], fault });
    }
    if (provable) this.#aging.appended();
    // Where aging has just stopped, nothing is written before what came earlier.
    const generation = this.#aging.pays || this.#younger.size > 0 ? this.#younger : this.#older;
    generation.set(message.seq, append);
    this.#units += units;
    if (wanted || this.#waiting >= FULL_MESSAGES || this.#units >= FULL_UNITS) return this.#hurry("all");
    this.#plan();
  }

  get #waiting(): number {
    return this.#older.size + this.#younger.size;
  }

  #onSettle(owner: string, seqs: readonly number[]): void {
    const taken = this.#taken(owner, seqs);
    if (taken.length === 0) return;
    for (const seq of taken) {
      this.#noteSettled(seq);
      this.#settles.push({ owner, seq });
    }
    this.#plan();
  }

  #onCalls(request: Calls): void {
    this.#calls.push(request);
    for (const call of request.calls) {
      this.#callUnits += unitsOf(call);
      if (call[0] === "settle") for (const { seq } of call[1]) this.#noteSettled(seq);
    }
    this.#hurry(request.alone === true ? "none" : "all");
    this.#tellWaiting();
  }

  /** With those that are under way: the store answers them all in one turn. */
  #tellWaiting(): void {
    const calls = this.#calls.length + (this.#batch?.calls.length ?? 0);
    this.#start.waiting(calls, this.#callUnits + (this.#batch?.callUnits ?? 0));
  }

  /** Where rows do not age, counts those that were committed too soon: while they might have aged, proof has come. */
  #noteSettled(seq: number): void {
    if (this.#aging.pays) return;
    if (seqTime(seq) > this.#start.now() - this.#start.delayMs / 2) this.#aging.cancelled();
  }

  /** Drops those rows; returns the ones that are not there to be dropped. */
  #taken(owner: string, seqs: readonly number[]): readonly number[] {
    let taken: number[] | undefined;
    for (const seq of seqs) {
      if (this.#cancel(owner, seq)) continue;
      if (taken === undefined) taken = [seq];
      else taken.push(seq);
    }
    return taken ?? NONE;
  }

  /** Drops the row that would wait for `owner`, where no commit has taken it yet; what is for an archive stays. */
  #cancel(owner: string, seq: number): boolean {
    const young = this.#younger.get(seq);
    const append = young ?? this.#older.get(seq);
    if (append === undefined || append.message.pending?.owner !== owner) return false;
    if (append.provable) this.#aging.cancelled();
    const generation = young === undefined ? this.#older : this.#younger;
    const { archive } = append.message;
    if (archive.length > 0) {
      generation.set(seq, { ...append, message: { seq, text: append.message.text, archive } });
      return true;
    }
    generation.delete(seq);
    this.#units -= append.units;
    return true;
  }

  /** A write that nobody waits for: soon, together with others. */
  #plan(atLeastMs = 0): void {
    if (this.#cancelTimer === undefined && this.#batch === undefined) this.#startTimer(atLeastMs);
  }

  #startTimer(atLeastMs: number): void {
    this.#cancelTimer = this.#start.schedule(Math.max(atLeastMs, this.#start.delayMs / 2), () => {
      this.#cancelTimer = undefined;
      this.#start.self().tell({ kind: "tick" });
    });
  }

  /** At each tick, and where commits follow each other so closely that none comes. */
  #age(): void {
    const now = this.#start.now();
    if (now - this.#agedAt < this.#start.delayMs / 2) return;
    this.#agedAt = now;
    this.#aging.tick();
  }

  #onTick(): void {
    this.#age();
    if (this.#batch !== undefined) {
      if (this.#hurried !== "all") this.#hurried = "older";
      return;
    }
    if (this.#younger.size === 0 || this.#older.size > 0 || this.#settles.length > 0) return this.#commit("older");
    this.#older = this.#younger;
    this.#younger = new SeqMap();
    this.#plan();
  }

  #hurry(taken: Taken): void {
    if (this.#batch === undefined) this.#commit(taken);
    else if (taken === "all" || this.#hurried === undefined) this.#hurried = taken;
  }

  #commit(taken: Taken): void {
    this.#hurried = undefined;
    this.#age();
    if (taken !== "none") {
      this.#cancelTimer?.();
      this.#cancelTimer = undefined;
    }
    const counts = [...this.#counts, ...this.#start.takeStreamCounts()];
    this.#hasCounts = false;
    const calls: StoreCall[] = [];
    const appends = this.#takeAppends(taken);
    const waiting = { settles: this.#settles, calls: this.#calls, callUnits: this.#callUnits };
    const batch: Batch = { written: calls, appends, ...waiting, counts };
    if (appends.length > 0) calls.push(["append", appends.map((append) => append.message)]);
    if (batch.settles.length > 0) calls.push(["settle", batch.settles]);
    for (const request of batch.calls) calls.push(...request.calls);
    if (counts.length > 0) calls.push(["putStreams", counts]);
    if (calls.length === 0) {
      // The timer was for the older generation, which was empty; the younger has just become it.
      if (this.#isOwing) this.#plan();
      return;
    }
    this.#batch = batch;
    this.#settles = [];
    this.#calls = [];
    this.#callUnits = 0;
    this.#counts = [];
    const done = (replies: readonly StoreReply[] | StoreFault) => this.#start.self().tell({ kind: "done", replies });
    this.#start.store.run(calls).then(done, (error) => done(asFault(error)));
  }

  #takeAppends(which: Taken): readonly Append[] {
    if (which === "none") return NOTHING;
    const taken = this.#older;
    if (which === "all") for (const append of this.#younger.values()) taken.set(append.message.seq, append);
    this.#older = which === "all" ? new SeqMap() : this.#younger;
    this.#younger = new SeqMap();
    const appends = taken.values();
    for (const { units } of appends) this.#units -= units;
    return appends.some(({ handle }) => handle?.isCancelled) ? appends.flatMap(written) : appends.map(noteWritten);
  }

  #onDone(replies: readonly StoreReply[] | StoreFault): void {
    const batch = this.#batch;
    this.#batch = undefined;
    if (batch === undefined) return;
    const deadline = earliestDeadline(batch.written, replies);
    if (deadline !== undefined) this.#start.deadline(deadline);
    const isDone = replies instanceof StoreFault ? this.#refuse(batch, replies) : this.#answer(batch, replies);
    // Also where the next commit follows at once: it may not take what waits for company.
    if (this.#isOwing) this.#plan(isDone ? 0 : RETRY_MS);
    if (this.#hurried !== undefined) this.#commit(this.#hurried);
    this.#tellWaiting();
  }

  /** Whether anything waits for a commit that nobody hurries. */
  get #isOwing(): boolean {
    return this.#waiting > 0 || this.#settles.length > 0 || this.#hasCounts || this.#counts.length > 0;
  }

  /** Returns false where a removal or a count has to be tried again. */
  #answer(batch: Batch, replies: readonly StoreReply[]): boolean {
    let at = 0;
    if (batch.appends.length > 0) {
      const reply = replies[at++];
      if (reply !== undefined && "value" in reply) this.#notePruned(reply.value);
      if (reply !== undefined && "fault" in reply) this.#refuseAppends(batch, reply.fault);
      else tellEach(batch.appends, (from, seqs) => from.tell({ kind: "committed", seqs }));
    }
    const settled = batch.settles.length === 0 || this.#isWritten("settle", replies[at++]);
    if (!settled) this.#settles = [...batch.settles, ...this.#settles];
    for (const request of batch.calls) {
      const answers = replies.slice(at, at + request.calls.length);
      for (let i = 0; i < answers.length; i++) this.#noteRefused(request.calls[i]!, answers[i]!);
      request.resolve(answers);
      at += request.calls.length;
    }
    const counted = batch.counts.length === 0 || this.#isWritten("putStreams", replies[at]);
    if (!counted) this.#counts = batch.counts;
    return settled && counted;
  }

  #notePruned(accounts: unknown): void {
    if (accounts === undefined) return;
    for (const account of accounts as readonly string[]) {
      if (this.#start.notices.isDue(`archive ${account}`)) {
        this.#start.log.info("archive has reached its quota: oldest messages go", { account });
      }
    }
  }

  #noteRefused(call: StoreCall, reply: StoreReply): void {
    if (!("fault" in reply) || reply.fault.kind !== "quota") return;
    const account = String(call[1]);
    if (this.#start.notices.isDue(`quota ${account}`)) {
      this.#start.log.warn("account has reached its quota", { account, method: call[0] });
    }
  }

  /** Nobody waits for the reply of such a call. */
  #isWritten(method: "settle" | "putStreams", reply: StoreReply | undefined): boolean {
    if (reply === undefined || !("fault" in reply)) return true;
    const { kind, message } = reply.fault;
    this.#start.log.error("store cannot write", { method, fault: kind, message });
    return false;
  }

  #refuse(batch: Batch, fault: StoreFault): boolean {
    this.#start.log.error("store cannot commit", { fault: fault.kind, message: fault.message });
    this.#refuseAppends(batch, fault);
    for (const request of batch.calls) request.reject(fault);
    // A row that stays would only be offered once more; its removal is tried again.
    this.#settles = [...batch.settles, ...this.#settles];
    this.#counts = batch.counts;
    return false;
  }

  #refuseAppends(batch: Batch, fault: StoreFault): void {
    tellEach(batch.appends, (from, seqs) => from.tell({ kind: "refused", seqs, fault }));
  }
}

function noteWritten(append: Append): Append {
  if (append.handle !== undefined) append.handle.isWritten = true;
  return append;
}

/** Of a row that was taken back only what an archive keeps. */
function written(append: Append): readonly Append[] {
  if (!append.handle?.isCancelled) return [noteWritten(append)];
  const { seq, text, archive } = append.message;
  return archive.length === 0 ? [] : [{ ...append, message: { seq, text, archive } }];
}

/** What is told after the end: whoever waits for an answer gets one. */
export function refuseAtEnd(message: StoreMessage): void {
  const fault = new StoreFault("failed", "Cannot run a batch: the server has stopped");
  if (message.kind === "calls") message.reject(fault);
  else if (message.kind === "append") message.from.tell({ kind: "refused", seqs: [message.message.seq], fault });
}

function tellEach(appends: readonly Append[], tell: (from: ActorRef<CommitNews>, seqs: number[]) => void): void {
  const byRef = new Map<ActorRef<CommitNews>, number[]>();
  for (const { from, message } of appends) {
    const seqs = byRef.get(from);
    if (seqs === undefined) byRef.set(from, [message.seq]);
    else seqs.push(message.seq);
  }
  for (const [from, seqs] of byRef) tell(from, seqs);
}

/** About how much memory a call takes beside its own: documents, of which one may be large. */
function unitsOf(call: StoreCall): number {
  let units = 0;
  for (const parameter of call) if (typeof parameter === "string") units += parameter.length;
  return units;
}

function asFault(error: unknown): StoreFault {
  return error instanceof StoreFault ? error : new StoreFault("failed", `Cannot commit: ${String(error)}`);
}
