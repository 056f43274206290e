import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { DeliveryLetter, DeliveryRef } from "../../../actors/delivery/delivery_letter.ts";
import { NowAndThen } from "../../../actors/now_and_then.ts";
import { type CommitHost, GroupCommit } from "../../../actors/store/group_commit.ts";
import type { Read } from "../../../actors/store/waiting_reads.ts";
import type { RowHandle } from "../../../actors/store_letter.ts";
import {
  type NewMessage,
  type ReadCall,
  type StoreCall,
  StoreFault,
  type StoreReply,
  type StreamCount,
} from "../../../store/store.ts";
import { SILENT_LOG } from "../../../xmpp/log.ts";

const OWNER = "juliet@x";
const NOW = Date.UTC(2026, 0, 1);

/** What group commit asks for: transactions and readings end when a test says so, and time passes when it says so. */
class Stage implements CommitHost {
  readonly batches: (readonly StoreCall[])[] = [];
  readonly told: string[] = [];
  readonly errors: string[] = [];
  readonly notices: NowAndThen;
  readonly heard: string[] = [];
  readonly delayMs = 100;
  readonly log;
  load: readonly [calls: number, units: number] = [0, 0];
  readonly commits: GroupCommit;
  /** Everything that the store was asked, in order: `append 1,2`, `read pending`. */
  readonly asked: string[] = [];
  isCommitting = false;
  #readings: { readonly number: number; readonly reads: readonly Read[] }[] = [];
  #isAwake = false;
  #counts: StreamCount[] = [];
  #now = NOW;

  constructor() {
    const notice = (what: string, record?: Record<string, unknown>) =>
      void this.heard.push(`${what} ${record?.account}`);
    this.log = { ...SILENT_LOG, info: notice, warn: notice, error: (what: string) => void this.errors.push(what) };
    this.notices = new NowAndThen(() => this.#now);
    this.commits = new GroupCommit(this);
  }

  run(batch: readonly StoreCall[]): void {
    if (this.isCommitting) throw new Error("Cannot commit: a transaction is under way");
    this.isCommitting = true;
    this.batches.push(batch);
    this.asked.push(...batch.map(showCall));
  }

  read(number: number, reads: readonly Read[]): void {
    this.#readings.push({ number, reads });
    this.asked.push(`read ${reads.map(({ call }) => call[0]).join(",")}`);
  }

  wake(): () => void {
    this.#isAwake = true;
    return () => {
      this.#isAwake = false;
    };
  }

  takeStreamCounts(): readonly StreamCount[] {
    return this.#counts.splice(0);
  }

  deadline(at: number): void {
    this.told.push(`deadline ${at}`);
  }

  waiting(calls: number, units: number): void {
    this.load = [calls, units];
  }

  /** What the last batch calls. */
  get last(): readonly string[] {
    return (this.batches.at(-1) ?? []).map(showCall);
  }

  /** The commit at hand succeeds; `replies` are those of its calls. */
  commit(replies?: readonly StoreReply[]): void {
    this.isCommitting = false;
    this.commits.committed(replies ?? this.batches.at(-1)!.map(() => ({ value: undefined })));
  }

  fail(fault: StoreFault): void {
    this.isCommitting = false;
    this.commits.committed(fault);
  }

  /** The reading at hand succeeds with these values, or fails. */
  answers(...values: readonly unknown[]): void {
    const { number } = this.#readings.shift()!;
    const [first] = values;
    this.commits.answered(number, first instanceof StoreFault ? first : values.map((value) => ({ value })));
  }

  append(seq: number, wanted = false, extra: Partial<NewMessage> = {}): RowHandle {
    return this.appendMessage({ ...row(seq), ...extra }, wanted);
  }

  appendMessage(message: NewMessage, wanted = false): RowHandle {
    const handle: RowHandle = { isWritten: false, isCancelled: false };
    this.commits.append({ kind: "append", message, handle, units: 20, from: this.#from, wanted, provable: true });
    return handle;
  }

  readonly #from = {
    tell: (message: DeliveryLetter) => {
      if (message.kind === "committed") this.told.push(`committed ${message.seqs.join(",")}`);
      if (message.kind === "refused") this.told.push(`refused ${message.seqs.join(",")}: ${message.fault.kind}`);
    },
  } as DeliveryRef;

  settle(seq: number, owner = OWNER): void {
    this.commits.settle(owner, [seq]);
  }

  call(...calls: readonly StoreCall[]): void {
    this.#call(calls, false);
  }

  callAlone(...calls: readonly StoreCall[]): void {
    this.#call(calls, true);
  }

  #call(calls: readonly StoreCall[], alone: boolean): void {
    this.commits.call({
      kind: "calls",
      calls,
      alone,
      resolve: (replies) => this.told.push(`answered ${replies.length}`),
      reject: (fault) => this.told.push(`rejected: ${fault.kind}`),
    });
  }

  /** Reads that are asked in one turn. */
  reads(...calls: readonly ReadCall[]): void {
    const firsts = calls.map((call) =>
      this.commits.read({
        kind: "read",
        call,
        resolve: (reply) => this.told.push(`${call[0]} ${"value" in reply ? reply.value : reply.fault.kind}`),
        reject: (fault) => this.told.push(`${call[0]} rejected: ${fault.kind}`),
      }),
    );
    if (firsts[0]) this.commits.turnEnded();
  }

  count(id: string, h: number): void {
    this.#counts.push({ id, account: OWNER, h, at: 0 });
    this.commits.noteCounts();
  }

  passHour(): void {
    this.#now += 3_600_000;
  }

  /** Half of the time that a write may wait for company. */
  tick(): void {
    if (!this.#isAwake) return;
    this.#isAwake = false;
    this.commits.tick();
  }

  /** All of that time. */
  elapse(): void {
    for (let rounds = 0; rounds < 5; rounds++) this.tick();
  }
}

function showCall([method, first]: StoreCall): string {
  if (method !== "append" && method !== "settle") return method;
  return `${method} ${(first as readonly { readonly seq: number }[]).map(({ seq }) => seq).join(",")}`;
}

function row(seq: number): NewMessage {
  return { owner: OWNER, seq, text: `<message>${seq}</message>`, waiting: {} };
}

describe("Group commit gathers", () => {
  test("appends that nobody waits for, and commits them together after a while", () => {
    const on = new Stage();
    on.append(1);
    on.append(2);
    expect(on.batches).toEqual([]);
    on.elapse();
    expect(on.last).toEqual(["append 1,2"]);
    expect(on.told).toEqual([]);
    on.commit();
    expect(on.told).toEqual(["committed 1,2"]);
  });

  test("an append that somebody waits for goes at once, with all that waits", () => {
    const on = new Stage();
    on.append(1);
    on.append(2, true);
    expect(on.last).toEqual(["append 1,2"]);
  });

  test("what comes during a commit into the next one", () => {
    const on = new Stage();
    on.append(1, true);
    on.append(2, true);
    on.append(3, true);
    expect(on.batches).toHaveLength(1);
    on.commit();
    expect(on.last).toEqual(["append 2,3"]);
    expect(on.told).toEqual(["committed 1"]);
    on.commit();
    expect(on.told).toEqual(["committed 1", "committed 2,3"]);
  });

  test("hurries what waits when asked to", () => {
    const on = new Stage();
    on.append(1);
    on.commits.hurry();
    expect(on.last).toEqual(["append 1"]);
    on.append(2);
    on.commits.hurry();
    expect(on.batches).toHaveLength(1);
    on.commit();
    expect(on.last).toEqual(["append 2"]);
  });

  test("what waits for company takes no longer where commits that leave it alone follow each other", () => {
    const on = new Stage();
    const busy = () => on.callAlone(["settle", [{ owner: OWNER, seq: 9 }]]);
    busy();
    on.append(1);
    for (let ticks = 0; ticks < 4; ticks++) {
      busy();
      on.commit();
      on.tick();
    }
    expect(on.batches.map((batch) => batch.map(showCall))).toContainEqual(["append 1", "settle 9"]);
  });

  test("what waits for company is not forgotten where its time came during a commit that left it alone", () => {
    const on = new Stage();
    on.append(1);
    on.callAlone(["settle", [{ owner: OWNER, seq: 9 }]]);
    on.tick();
    on.commit();
    expect(on.batches).toHaveLength(1);
    on.tick();
    expect(on.last).toEqual(["append 1"]);
  });

  test("nothing to write makes no commit", () => {
    const on = new Stage();
    on.commits.hurry();
    on.elapse();
    expect(on.batches).toEqual([]);
  });

  test("calls after the appends that were told before them, so that they find them", () => {
    const on = new Stage();
    on.append(1);
    on.settle(9);
    on.call(["setRules", OWNER, 1, undefined, undefined]);
    expect(on.last).toEqual(["append 1", "settle 9", "setRules"]);
  });

  test("answers each request with its own replies", () => {
    const on = new Stage();
    on.append(1);
    on.call(["pendingShares", OWNER, []]);
    on.call(["pendingShares", OWNER, []], ["nextDeadline"]);
    on.commit();
    expect(on.told).toEqual(["committed 1", "answered 1"]);
    on.commit();
    expect(on.told).toEqual(["committed 1", "answered 1", "answered 2"]);
  });

  test("counts of streams along with the next commit", () => {
    const on = new Stage();
    on.count("stream", 5);
    on.append(1, true);
    expect(on.last).toEqual(["append 1", "putStreams"]);
    on.commit();
    on.count("stream", 6);
    on.elapse();
    expect(on.last).toEqual(["putStreams"]);
  });
});

test("rows age for two ticks; what comes after the first one waits for the next but one", () => {
  const on = new Stage();
  on.append(1);
  on.tick();
  expect(on.batches).toEqual([]);
  on.append(2);
  on.tick();
  expect(on.last).toEqual(["append 1"]);
  on.commit();
  on.append(3);
  on.tick();
  expect(on.last).toEqual(["append 2"]);
});

describe("Group commit and reads", () => {
  const NURSE = "nurse@x";
  const ofNurse = { owner: NURSE };

  test("of what is no log hurry nothing", () => {
    const on = new Stage();
    on.append(1);
    on.reads(["credentials", OWNER]);
    expect(on.asked).toEqual(["read credentials"]);
    on.tick();
    on.tick();
    expect(on.asked).toEqual(["read credentials", "append 1"]);
  });

  test.each([
    ["waits for its owner", (on: Stage) => on.append(1), "append 1"],
    ["is for its owner's archive", (on: Stage) => on.append(1, false, { peer: NURSE, waiting: undefined }), "append 1"],
    ["is to go", (on: Stage) => on.settle(1), "settle 1"],
  ])("of a log come behind the commit of a row that %s", (_what, change, asked) => {
    const on = new Stage();
    change(on);
    on.reads(["pending", OWNER, 0, 10]);
    expect(on.asked).toEqual([asked, "read pending"]);
  });

  test("of a log take that account's rows along, and no others", () => {
    const on = new Stage();
    on.append(1, false, ofNurse);
    on.append(2);
    on.reads(["archiveBounds", "romeo@x"]);
    expect(on.asked).toEqual(["read archiveBounds"]);
    on.reads(["archive", { owner: OWNER, take: "first", limit: 1 }]);
    expect(on.asked).toEqual(["read archiveBounds", "append 2", "read archive"]);
    on.commit();
    on.elapse();
    expect(on.last).toEqual(["append 1"]);
  });

  test("go all the same where nothing is left to commit before them", () => {
    const on = new Stage();
    on.append(1).isCancelled = true;
    on.reads(["pending", OWNER, 0, 10]);
    expect(on.asked).toEqual(["read pending"]);
  });

  test("of one turn go together", () => {
    const on = new Stage();
    on.reads(["user", OWNER], ["credentials", NURSE], ["nextDeadline"]);
    expect(on.asked).toEqual(["read user,credentials,nextDeadline"]);
    on.answers(1, 2, 3);
    expect(on.told).toEqual(["user 1", "credentials 2", "nextDeadline 3"]);
  });

  test("do not wait for the end of a commit, but for the next one where that has what they ask for", () => {
    const on = new Stage();
    on.append(1, true);
    on.append(2);
    on.reads(["credentials", OWNER], ["pending", OWNER, 0, 10]);
    on.reads(["pending", NURSE, 0, 10], ["document", OWNER, "a", "b"]);
    expect(on.asked).toEqual(["append 1", "read credentials", "read pending,document"]);
    on.commit();
    expect(on.asked.slice(3)).toEqual(["append 2", "read pending"]);
  });

  test("see the calls for the same account that were told before them", () => {
    const on = new Stage();
    on.callAlone(["setForward", "romeo@x", undefined]);
    on.callAlone(["putDocument", OWNER, "a", "b", ""], ["putStreams", [{ id: "s", account: OWNER, h: 1, at: 0 }]]);
    on.reads(["document", OWNER, "a", "b"], ["document", NURSE, "a", "b"], ["stream", "s"], ["credentials", "romeo@x"]);
    expect(on.asked).toEqual(["setForward", "read document,credentials"]);
    on.commit();
    expect(on.asked.slice(2)).toEqual(["putDocument", "putStreams", "read document,stream"]);
  });

  test("are refused where they fail, and only then", () => {
    const on = new Stage();
    on.append(1);
    on.reads(["pending", OWNER, 0, 10], ["accounts", "", 1]);
    on.fail(new StoreFault("full", "Cannot commit"));
    expect(on.told).toEqual(["refused 1: full"]);
    on.told.splice(0);
    on.answers(2);
    on.answers(new StoreFault("damaged", "Cannot read"));
    expect(on.told).toEqual(["accounts 2", "pending rejected: damaged"]);
    expect(on.errors).toEqual(["store cannot commit", "store cannot read"]);
  });

  test("count among what waits until they are answered", () => {
    const on = new Stage();
    on.append(1, true);
    on.append(2);
    on.call(["setForward", NURSE, undefined]);
    on.reads(["credentials", OWNER], ["pending", OWNER, 0, 10]);
    expect(on.load[0]).toBe(3);
    on.answers(1);
    expect(on.load[0]).toBe(2);
    on.commit();
    on.commit();
    expect(on.load[0]).toBe(1);
    on.answers(1);
    expect(on.load[0]).toBe(0);
  });
});

test("a request without calls is answered once all is committed that came before it", () => {
  const on = new Stage();
  on.call();
  expect(on.told).toEqual(["answered 0"]);
  on.append(1, true);
  on.append(2);
  on.call();
  on.commit();
  expect(on.told).toEqual(["answered 0", "committed 1"]);
  on.commit();
  expect(on.told).toEqual(["answered 0", "committed 1", "committed 2", "answered 0"]);
});

describe("Group commit tells of the earliest deadline", () => {
  const DEADLINE = (at: number) => ({ waiting: { deadline: at } });

  test("of the rows that it has committed, and not before", () => {
    const on = new Stage();
    on.append(1, false, DEADLINE(9000));
    on.append(2, false, DEADLINE(7000));
    on.append(3, true);
    expect(on.told).toEqual([]);
    on.commit();
    expect(on.told).toEqual(["deadline 7000", "committed 1,2,3"]);
  });

  test("of none whose row was cancelled or refused", () => {
    const on = new Stage();
    on.append(1, false, DEADLINE(7000)).isCancelled = true;
    on.append(2, true, DEADLINE(8000));
    on.commit([{ fault: new StoreFault("failed", "one row too many") }]);
    expect(on.told).toEqual(["refused 2: failed"]);
  });

  test("that other calls have set", () => {
    const on = new Stage();
    on.call(
      ["setRules", OWNER, 1, "[]", 9000],
      ["pend", [{ owner: OWNER, seq: 2, waiting: { deadline: 8000 } }]],
      ["append", [{ ...row(3), waiting: { deadline: 7000 } }]],
    );
    on.commit([{ value: true }, { value: undefined }, { fault: new StoreFault("failed", "no row") }]);
    expect(on.told).toEqual(["deadline 8000", "answered 3"]);
  });

  test("of a batch of which nobody can tell whether it was committed", () => {
    const on = new Stage();
    on.append(1, true, DEADLINE(7000));
    on.fail(new StoreFault("failed", "the thread ended"));
    expect(on.told).toEqual(["deadline 7000", "refused 1: failed"]);
    on.told.splice(0);
    on.call(["setRules", OWNER, 2, "[]", 8000]);
    on.fail(new StoreFault("failed", "the thread ended"));
    expect(on.told).toEqual(["deadline 8000", "rejected: failed"]);
  });
});

describe("Group commit and counts of streams", () => {
  test("commits those that are told of during a commit, when nothing else comes", () => {
    const on = new Stage();
    on.append(1, true);
    on.count("stream", 5);
    on.commit();
    on.elapse();
    expect(on.last).toEqual(["putStreams"]);
  });

  test("tries again by itself where they could not be written", () => {
    const on = new Stage();
    on.count("stream", 5);
    on.append(1, true);
    on.fail(new StoreFault("full", "Cannot commit"));
    on.elapse();
    expect(on.last).toEqual(["putStreams"]);
  });
});

describe("Group commit and a proof that comes before the commit", () => {
  test("never writes the row", () => {
    const on = new Stage();
    on.append(1);
    on.append(2);
    on.settle(1);
    on.elapse();
    expect(on.last).toEqual(["append 2"]);
  });

  test("does not even write its text", () => {
    const on = new Stage();
    let written = 0;
    const lazy = (seq: number) => ({
      owner: OWNER,
      seq,
      waiting: {},
      get text() {
        written++;
        return "";
      },
    });
    on.appendMessage(lazy(1));
    on.settle(1);
    on.appendMessage(lazy(2)).isCancelled = true;
    drain(on);
    expect([written, on.batches]).toEqual([0, []]);
  });

  test("writes what an archive wants, without the row that waits", () => {
    const on = new Stage();
    on.append(1, false, { peer: "romeo@x" });
    on.settle(1);
    on.elapse();
    expect(on.last).toEqual(["append 1"]);
    const [written] = on.batches[0]![0]![1] as readonly NewMessage[];
    expect(written?.waiting).toBeUndefined();
    expect(written?.peer).toBe("romeo@x");
  });

  test("removes the row in the next commit where it is being written already", () => {
    const on = new Stage();
    on.append(1, true);
    on.settle(1);
    on.commit();
    on.elapse();
    expect(on.last).toEqual(["settle 1"]);
  });

  test("does not take another user's proof for it", () => {
    const on = new Stage();
    on.append(1);
    on.settle(1, "nurse@x");
    drain(on);
    expect(on.batches.flat().map(showCall)).toContain("append 1");
  });

  test("tells whose row it is when a commit takes it, and writes none that was taken back before", () => {
    const on = new Stage();
    const [first, kept] = [on.append(1), on.append(2, false, { peer: "nurse@x" })];
    first.isCancelled = true;
    kept.isCancelled = true;
    expect(first.isWritten).toBe(false);
    const third = on.append(3, true);
    const fourth = on.append(4);
    expect([first.isWritten, third.isWritten, fourth.isWritten]).toEqual([false, true, false]);
    drain(on);
    expect(fourth.isWritten).toBe(true);
    const written = on.batches.flat().flatMap((call) => (call[0] === "append" ? [...call[1]] : []));
    expect(written.map(({ seq, waiting }) => [seq, waiting !== undefined])).toEqual([
      [2, false],
      [3, true],
      [4, true],
    ]);
  });

  test("leaves exactly the rows that were not proved, for any interleaving", () => {
    const step = fc.oneof(
      fc.record({ append: fc.constant(true), wanted: fc.boolean() }),
      fc.record({ settle: fc.nat({ max: 20 }) }),
      fc.record({ read: fc.constantFrom(OWNER, "nurse@x") }),
      fc.constant("commit" as const),
      fc.constant("elapse" as const),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const on = new Stage();
        const [appended, proved] = [new Set<number>(), new Set<number>()];
        for (const action of steps) {
          if (action === "commit") {
            if (on.isCommitting) on.commit();
          } else if (action === "elapse") on.elapse();
          else if ("append" in action) {
            const seq = appended.size + 1;
            appended.add(seq);
            on.append(seq, action.wanted);
          } else if ("read" in action) on.reads(["pending", action.read, 0, 10]);
          else if (appended.has(action.settle) && !proved.has(action.settle)) {
            proved.add(action.settle);
            on.settle(action.settle);
          }
        }
        drain(on);
        expect(waiting(on)).toEqual([...appended].filter((seq) => !proved.has(seq)));
      }),
      { numRuns: 60 },
    );
  });
});

function drain(on: Stage): void {
  for (let rounds = 0; rounds < 6; rounds++) {
    while (on.isCommitting) on.commit();
    on.elapse();
  }
}

/** The rows that all batches together leave, as a store would carry them out. */
function waiting(on: Stage): number[] {
  const rows = new Set<number>();
  for (const [method, first] of on.batches.flat()) {
    const entries = first as readonly { readonly seq: number }[];
    if (method === "append") for (const { seq } of entries) rows.add(seq);
    if (method === "settle") for (const { seq } of entries) rows.delete(seq);
  }
  return [...rows].sort((one, other) => one - other);
}

describe("Group commit and a store that fails", () => {
  test("refuses every append of the batch, rejects its calls, and logs", () => {
    const on = new Stage();
    on.append(1);
    on.append(2);
    on.call(["nextDeadline"]);
    on.fail(new StoreFault("full", "Cannot commit: database or disk is full"));
    expect(on.told).toEqual(["refused 1,2: full", "rejected: full"]);
    expect(on.errors).toEqual(["store cannot commit"]);
  });

  test("refuses the appends alone where only they failed", () => {
    const on = new Stage();
    on.append(1);
    on.call(["nextDeadline"]);
    const fault = new StoreFault("full", "Cannot append");
    on.commit([{ fault }, { value: undefined }]);
    expect(on.told).toEqual(["refused 1: full", "answered 1"]);
  });

  test("goes on when the store does, and tries the removal of proved rows again", () => {
    const on = new Stage();
    on.settle(7);
    on.append(1, true);
    on.fail(new StoreFault("busy", "Cannot commit: database is locked"));
    on.append(2, true);
    expect(on.last).toEqual(["append 2", "settle 7"]);
    on.commit();
    expect(on.told).toEqual(["refused 1: busy", "committed 2"]);
    on.elapse();
    expect(on.batches).toHaveLength(2);
  });

  test("keeps counts of streams for the next commit", () => {
    const on = new Stage();
    on.count("stream", 5);
    on.append(1, true);
    on.fail(new StoreFault("full", "Cannot commit"));
    on.append(2, true);
    expect(on.last).toContain("putStreams");
  });

  test("of each stream the youngest count alone is tried again", () => {
    const on = new Stage();
    for (let h = 1; h <= 5; h++) {
      on.count("stream", h);
      on.count(`other ${h}`, 1);
      on.append(h, true);
      on.fail(new StoreFault("full", "Cannot commit"));
    }
    const [, counts] = on.batches.at(-1)!.at(-1) as unknown as [string, readonly StreamCount[]];
    expect(counts).toHaveLength(6);
    expect(counts.find(({ id }) => id === "stream")?.h).toBe(5);
  });

  test("tries a removal again that failed alone, and says so", () => {
    const on = new Stage();
    on.settle(7);
    on.append(1, true);
    const fault = new StoreFault("failed", "Cannot settle");
    on.commit([{ value: undefined }, { fault }]);
    expect(on.told).toEqual(["committed 1"]);
    expect(on.errors).toEqual(["store cannot write"]);
    on.append(2, true);
    expect(on.last).toEqual(["append 2", "settle 7"]);
  });

  test("keeps counts of streams that could not be written alone", () => {
    const on = new Stage();
    on.count("stream", 5);
    on.call(["nextDeadline"]);
    on.commit([{ value: undefined }, { fault: new StoreFault("failed", "Cannot write") }]);
    on.append(1, true);
    expect(on.last).toEqual(["append 1", "putStreams"]);
  });

  test("refuses more than it can hold while the disk stands still, and takes more afterwards", () => {
    const on = new Stage();
    on.append(0, true);
    for (let seq = 1; seq <= 50_001; seq++) on.append(seq);
    expect(on.told).toEqual(["refused 50001: busy"]);
    on.commit();
    on.elapse();
    on.commit();
    on.append(60_000, true);
    expect(on.last).toEqual(["append 60000"]);
  }, 20_000);
});

test("that an account has reached its quota is told once an hour", () => {
  const on = new Stage();
  const round = (seq: number) => {
    on.append(seq);
    on.call(["putDocument", "romeo@x", "private", "key", ""]);
    const quota = { fault: new StoreFault("quota", "Cannot keep more") };
    while (on.isCommitting) {
      on.commit(on.batches.at(-1)!.map(([method]) => (method === "append" ? { value: [OWNER] } : quota)));
    }
  };
  const told = [`archive has reached its quota: oldest messages go ${OWNER}`, "account has reached its quota romeo@x"];
  round(1);
  round(2);
  expect(on.heard).toEqual(told);
  on.passHour();
  round(3);
  expect(on.heard).toEqual([...told, ...told]);
});
