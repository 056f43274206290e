import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { DeliveryLetter, DeliveryRef } from "../../actors/delivery/delivery_letter.ts";
import { NowAndThen } from "../../actors/now_and_then.ts";
import { Mailbox } from "../../actors/runtime/mailbox.ts";
import { Scheduler } from "../../actors/runtime/scheduler.ts";
import { refuseAtEnd, StoreActor } from "../../actors/store_actor.ts";
import type { RowHandle, StoreMessage } from "../../actors/store_letter.ts";
import { firstSeqAt } from "../../store/sequence.ts";
import {
  type NewMessage,
  type Store,
  type StoreCall,
  StoreFault,
  type StoreReply,
  type StreamCount,
} from "../../store/store.ts";
import { SILENT_LOG } from "../../xmpp/log.ts";
import { unboundedKind } from "./unbounded_kind.ts";

const OWNER = "juliet@x";

/** A store whose commits are let through one at a time. */
class HeldStore implements Store {
  readonly batches: (readonly StoreCall[])[] = [];
  #open: { readonly resolve: (replies: readonly StoreReply[]) => void; readonly reject: (fault: unknown) => void }[] =
    [];

  open(): never {
    throw new Error("Cannot open");
  }

  async close(): Promise<void> {}

  run(batch: readonly StoreCall[]): Promise<readonly StoreReply[]> {
    this.batches.push(batch);
    return new Promise((resolve, reject) => this.#open.push({ resolve, reject }));
  }

  read(): never {
    throw new Error("Cannot read");
  }

  /** The commit at hand succeeds; `values` are the values of its calls. */
  async commit(replies?: readonly StoreReply[]): Promise<void> {
    const batch = this.batches[this.batches.length - this.#open.length]!;
    this.#open.shift()!.resolve(replies ?? batch.map(() => ({ value: undefined })));
    await settled();
  }

  async fail(error: unknown): Promise<void> {
    this.#open.shift()!.reject(error);
    await settled();
  }

  get isCommitting(): boolean {
    return this.#open.length > 0;
  }

  /** What the last batch calls, as `append 1,2`, `settle 3`, `setRules`. */
  get last(): readonly string[] {
    return (this.batches.at(-1) ?? []).map(showCall);
  }
}

function showCall([method, first]: StoreCall): string {
  if (method !== "append" && method !== "settle") return method;
  return `${method} ${(first as readonly { readonly seq: number }[]).map(({ seq }) => seq).join(",")}`;
}

function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

const NOW = Date.UTC(2026, 0, 1);

function stage() {
  const store = new HeldStore();
  const told: string[] = [];
  const errors: string[] = [];
  const notices: string[] = [];
  const notice = (what: string, record?: Record<string, unknown>) => void notices.push(`${what} ${record?.account}`);
  const timers: (() => void)[] = [];
  let counts: StreamCount[] = [];
  let waiting: readonly [calls: number, units: number] = [0, 0];
  let now = NOW;
  const from = {
    tell: (message: DeliveryLetter) => {
      if (message.kind === "committed") told.push(`committed ${message.seqs.join(",")}`);
      if (message.kind === "refused") told.push(`refused ${message.seqs.join(",")}: ${message.fault.kind}`);
    },
  } as DeliveryRef;
  const mailbox: Mailbox<StoreMessage> = new Mailbox(unboundedKind("StoreActor", refuseAtEnd), new Scheduler(Date.now));
  mailbox.start(
    new StoreActor({
      store,
      log: { ...SILENT_LOG, info: notice, warn: notice, error: (what: string) => void errors.push(what) },
      notices: new NowAndThen(() => now),
      delayMs: 100,
      now: () => now,
      schedule: (_ms: number, task: () => void) => {
        timers.push(task);
        return () => timers.splice(timers.indexOf(task), timers.includes(task) ? 1 : 0);
      },
      takeStreamCounts: () => counts.splice(0),
      deadline: (at: number) => told.push(`deadline ${at}`),
      waiting: (calls: number, units: number) => {
        waiting = [calls, units];
      },
      self: () => mailbox,
    }),
  );
  return {
    store,
    told,
    errors,
    notices,
    passHour: () => {
      now += 3_600_000;
    },
    append: (seq: number, wanted = false, extra: Partial<NewMessage> = {}, provable = true) => {
      const handle: RowHandle = { isWritten: false, isCancelled: false };
      mailbox.tell({ kind: "append", message: { ...row(seq), ...extra }, handle, units: 20, from, wanted, provable });
      return handle;
    },
    settle: (seq: number, owner = OWNER) => mailbox.tell({ kind: "settle", owner, seqs: [seq] }),
    call: (...calls: readonly StoreCall[]) =>
      mailbox.tell({
        kind: "calls",
        calls,
        resolve: (replies) => told.push(`answered ${replies.length}`),
        reject: (fault) => told.push(`rejected: ${fault.kind}`),
      }),
    callAlone: (...calls: readonly StoreCall[]) =>
      mailbox.tell({ kind: "calls", calls, alone: true, resolve: () => {}, reject: () => {} }),
    waiting: () => waiting,
    stop: () => mailbox.stop(),
    hurry: () => mailbox.tell({ kind: "hurry" }),
    count: (id: string, h: number) => {
      counts = [...counts, { id, account: OWNER, h, at: 0 }];
      mailbox.tell({ kind: "counts" });
    },
    now: () => now,
    /** Half of that time, in which no timer comes to its turn. */
    pass: () => {
      now += 50;
    },
    /** Half of that time, which makes the younger of what waits the older. */
    async tick() {
      now += 50;
      for (const task of timers.splice(0)) task();
      await settled();
    },
    /** The time that a write may wait for company is over. */
    async elapse() {
      for (let rounds = 0; rounds < 5 && timers.length > 0; rounds++) for (const task of timers.splice(0)) task();
      await settled();
    },
  };
}

function row(seq: number): NewMessage {
  return { seq, text: `<message>${seq}</message>`, archive: [], pending: { owner: OWNER } };
}

describe("StoreActor gathers", () => {
  test("appends that nobody waits for, and commits them together after a while", async () => {
    const { store, told, append, elapse } = stage();
    append(1);
    append(2);
    expect(store.batches).toEqual([]);
    await elapse();
    expect(store.last).toEqual(["append 1,2"]);
    expect(told).toEqual([]);
    await store.commit();
    expect(told).toEqual(["committed 1,2"]);
  });

  test("an append that somebody waits for goes at once, with all that waits", () => {
    const { store, append } = stage();
    append(1);
    append(2, true);
    expect(store.last).toEqual(["append 1,2"]);
  });

  test("what comes during a commit into the next one", async () => {
    const { store, told, append } = stage();
    append(1, true);
    append(2, true);
    append(3, true);
    expect(store.batches).toHaveLength(1);
    await store.commit();
    expect(store.last).toEqual(["append 2,3"]);
    expect(told).toEqual(["committed 1"]);
    await store.commit();
    expect(told).toEqual(["committed 1", "committed 2,3"]);
  });

  test("hurries what waits when asked to", async () => {
    const { store, append, hurry } = stage();
    append(1);
    hurry();
    expect(store.last).toEqual(["append 1"]);
    append(2);
    hurry();
    expect(store.batches).toHaveLength(1);
    await store.commit();
    expect(store.last).toEqual(["append 2"]);
  });

  test("what waits for company takes no longer where commits that leave it alone follow each other", async () => {
    const { store, append, callAlone, tick } = stage();
    const busy = () => callAlone(["settle", [{ owner: OWNER, seq: 9 }]]);
    busy();
    append(1);
    for (let ticks = 0; ticks < 4; ticks++) {
      busy();
      await store.commit();
      await tick();
    }
    expect(store.batches.map((batch) => batch.map(showCall))).toContainEqual(["append 1", "settle 9"]);
  });

  test("what waits for company is not forgotten where its time came during a commit that left it alone", async () => {
    const { store, append, callAlone, tick } = stage();
    append(1);
    callAlone(["settle", [{ owner: OWNER, seq: 9 }]]);
    await tick();
    await store.commit();
    expect(store.batches).toHaveLength(1);
    await tick();
    expect(store.last).toEqual(["append 1"]);
  });

  test("nothing to write makes no commit", async () => {
    const { store, hurry, elapse } = stage();
    hurry();
    await elapse();
    expect(store.batches).toEqual([]);
  });

  test("calls after the appends that were told before them, so that they find them", async () => {
    const { store, append, settle, call } = stage();
    append(1);
    settle(9);
    call(["setRules", OWNER, 1, undefined, undefined]);
    expect(store.last).toEqual(["append 1", "settle 9", "setRules"]);
  });

  test("answers each request with its own replies", async () => {
    const { store, told, append, call } = stage();
    append(1);
    call(["pendingShares", OWNER, []]);
    call(["pendingShares", OWNER, []], ["nextDeadline"]);
    await store.commit();
    expect(told).toEqual(["committed 1", "answered 1"]);
    await store.commit();
    expect(told).toEqual(["committed 1", "answered 1", "answered 2"]);
  });

  test("counts of streams along with the next commit", async () => {
    const { store, append, count, elapse } = stage();
    count("stream", 5);
    append(1, true);
    expect(store.last).toEqual(["append 1", "putStreams"]);
    await store.commit();
    count("stream", 6);
    await elapse();
    expect(store.last).toEqual(["putStreams"]);
  });
});

describe("StoreActor lets rows age", () => {
  /** Many rows of which none is taken back. Returns the next number. */
  async function inVain({ store, append, tick }: ReturnType<typeof stage>, provable = true): Promise<number> {
    let seq = firstSeqAt(NOW);
    for (let ticks = 0; ticks < 8; ticks++) {
      for (let i = 0; i < 60; i++) append(seq++, false, {}, provable);
      await tick();
      if (store.isCommitting) await store.commit();
    }
    return seq;
  }

  test("for two ticks, until it turns out to be in vain; then for one", async () => {
    const on = stage();
    on.append(1);
    await on.tick();
    expect(on.store.batches).toEqual([]);
    await on.tick();
    expect(on.store.last).toEqual(["append 1"]);
    await on.store.commit();
    const seq = await inVain(on);
    on.append(seq);
    await on.tick();
    expect(on.store.last).toEqual([`append ${seq}`]);
  });

  test("no more, where it is in vain and commits follow each other so closely that no tick comes", async () => {
    const { store, append, pass, tick } = stage();
    let seq = firstSeqAt(NOW);
    for (let commits = 0; commits < 8; commits++) {
      for (let i = 0; i < 60; i++) append(seq++);
      pass();
      append(seq++, true);
      await store.commit();
    }
    append(seq);
    await tick();
    expect(store.last).toEqual([`append ${seq}`]);
  });

  test("however many there are for which nobody can have proof", async () => {
    const on = stage();
    const seq = await inVain(on, false);
    on.append(seq);
    await on.tick();
    expect(on.store.last.some((call) => call.includes(String(seq)))).toBe(false);
  });

  const ways: readonly { way: string; settle: (on: ReturnType<typeof stage>, seq: number) => void }[] = [
    { way: "as a removal", settle: (on, seq) => on.settle(seq) },
    { way: "with its event", settle: (on, seq) => on.call(["settle", [{ owner: OWNER, seq }]]) },
  ];
  const proofs = ways.flatMap(({ way, settle }) => [
    { way, settle, age: 49, agesAgain: true },
    { way, settle, age: 50, agesAgain: false },
  ]);

  test.each(proofs)(
    "again after proof that took $age ms, told $way: $agesAgain",
    async ({ settle, age, agesAgain }) => {
      const on = stage();
      let seq = await inVain(on);
      for (let i = 0; i < 100; i++) on.append(seq++);
      await on.tick();
      await on.store.commit();
      const proved = firstSeqAt(on.now() - age);
      for (let i = 0; i < 100; i++) settle(on, proved + i);
      for (let i = 0; i < 100; i++) on.append(seq++);
      for (let rounds = 0; rounds < 4; rounds++) {
        on.append(seq++);
        await on.tick();
        while (on.store.isCommitting) await on.store.commit();
      }
      on.append(seq);
      await on.tick();
      expect(on.store.last.some((call) => call.includes(String(seq)))).toBe(!agesAgain);
    },
  );
});

describe("StoreActor tells of the earliest deadline", () => {
  const DEADLINE = (at: number) => ({ pending: { owner: OWNER, deadline: at } });

  test("of the rows that it has committed, and not before", async () => {
    const { store, told, append } = stage();
    append(1, false, DEADLINE(9000));
    append(2, false, DEADLINE(7000));
    append(3, true);
    expect(told).toEqual([]);
    await store.commit();
    expect(told).toEqual(["deadline 7000", "committed 1,2,3"]);
  });

  test("of none whose row was cancelled or refused", async () => {
    const { store, told, append } = stage();
    append(1, false, DEADLINE(7000)).isCancelled = true;
    append(2, true, DEADLINE(8000));
    await store.commit([{ fault: new StoreFault("failed", "one row too many") }]);
    expect(told).toEqual(["refused 2: failed"]);
  });

  test("that other calls have set", async () => {
    const { store, told, call } = stage();
    call(
      ["setRules", OWNER, 1, "[]", 9000],
      ["pend", [{ seq: 2, pending: { owner: OWNER, deadline: 8000 } }]],
      ["append", [{ ...row(3), pending: { owner: OWNER, deadline: 7000 } }]],
    );
    await store.commit([{ value: true }, { value: undefined }, { fault: new StoreFault("failed", "no row") }]);
    expect(told).toEqual(["deadline 8000", "answered 3"]);
  });

  test("of a batch of which nobody can tell whether it was committed", async () => {
    const { store, told, append, call } = stage();
    append(1, true, DEADLINE(7000));
    await store.fail(new StoreFault("failed", "the thread ended"));
    expect(told).toEqual(["deadline 7000", "refused 1: failed"]);
    told.splice(0);
    call(["setRules", OWNER, 2, "[]", 8000]);
    await store.fail(new Error("the thread ended"));
    expect(told).toEqual(["deadline 8000", "rejected: failed"]);
  });
});

describe("StoreActor at its end", () => {
  test("asks nothing more of the store, and leaves nobody without an answer", async () => {
    const { store, told, append, call, count, settle, elapse, stop } = stage();
    append(1);
    count("stream", 5);
    stop();
    append(2);
    call(["nextDeadline"]);
    settle(1);
    await elapse();
    expect(store.batches).toEqual([]);
    expect(told).toEqual(["refused 2: failed", "rejected: failed"]);
  });
});

describe("StoreActor and counts of streams", () => {
  test("commits those that are told of during a commit, when nothing else comes", async () => {
    const { store, append, count, elapse } = stage();
    append(1, true);
    count("stream", 5);
    await store.commit();
    await elapse();
    expect(store.last).toEqual(["putStreams"]);
  });

  test("tries again by itself where they could not be written", async () => {
    const { store, append, count, elapse } = stage();
    count("stream", 5);
    append(1, true);
    await store.fail(new StoreFault("full", "Cannot commit"));
    await elapse();
    expect(store.last).toEqual(["putStreams"]);
  });
});

describe("StoreActor and a proof that comes before the commit", () => {
  test("never writes the row", async () => {
    const { store, append, settle, elapse } = stage();
    append(1);
    append(2);
    settle(1);
    await elapse();
    expect(store.last).toEqual(["append 2"]);
  });

  test("writes what an archive wants, without the row that waits", async () => {
    const { store, append, settle, elapse } = stage();
    append(1, false, { archive: [{ owner: OWNER, peer: "romeo@x" }] });
    settle(1);
    await elapse();
    expect(store.last).toEqual(["append 1"]);
    const [written] = store.batches[0]![0]![1] as readonly NewMessage[];
    expect(written?.pending).toBeUndefined();
    expect(written?.archive).toHaveLength(1);
  });

  test("removes the row in the next commit where it is being written already", async () => {
    const { store, append, settle, elapse } = stage();
    append(1, true);
    settle(1);
    await store.commit();
    await elapse();
    expect(store.last).toEqual(["settle 1"]);
  });

  test("does not take another user's proof for it", async () => {
    const { store, append, settle, elapse } = stage();
    append(1);
    settle(1, "nurse@x");
    await drain(store, elapse);
    expect(store.batches.flat().map(showCall)).toContain("append 1");
  });

  test("tells whose row it is when a commit takes it, and writes none that was taken back before", async () => {
    const { store, append, elapse } = stage();
    const [first, kept] = [append(1), append(2, false, { archive: [{ owner: OWNER, peer: "nurse@x" }] })];
    first.isCancelled = true;
    kept.isCancelled = true;
    expect(first.isWritten).toBe(false);
    const third = append(3, true);
    const fourth = append(4);
    expect([first.isWritten, third.isWritten, fourth.isWritten]).toEqual([false, true, false]);
    await drain(store, elapse);
    expect(fourth.isWritten).toBe(true);
    const written = store.batches.flat().flatMap((call) => (call[0] === "append" ? [...call[1]] : []));
    expect(written.map(({ seq, pending }) => [seq, pending !== undefined])).toEqual([
      [2, false],
      [3, true],
      [4, true],
    ]);
  });

  test("leaves exactly the rows that were not proved, for any interleaving", async () => {
    const step = fc.oneof(
      fc.record({ append: fc.constant(true), wanted: fc.boolean() }),
      fc.record({ settle: fc.nat({ max: 20 }) }),
      fc.constant("commit" as const),
      fc.constant("elapse" as const),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
        const { store, append, settle, elapse } = stage();
        const [appended, proved] = [new Set<number>(), new Set<number>()];
        for (const action of steps) {
          if (action === "commit") {
            if (store.isCommitting) await store.commit();
          } else if (action === "elapse") await elapse();
          else if ("append" in action) {
            const seq = appended.size + 1;
            appended.add(seq);
            append(seq, action.wanted);
          } else if (appended.has(action.settle) && !proved.has(action.settle)) {
            proved.add(action.settle);
            settle(action.settle);
          }
        }
        await drain(store, elapse);
        expect(waiting(store)).toEqual([...appended].filter((seq) => !proved.has(seq)));
      }),
      { numRuns: 60 },
    );
  });
});

async function drain(store: HeldStore, elapse: () => Promise<void>): Promise<void> {
  for (let rounds = 0; rounds < 6; rounds++) {
    while (store.isCommitting) await store.commit();
    await elapse();
  }
}

/** The rows that all batches together leave, as a store would carry them out. */
function waiting(store: HeldStore): number[] {
  const rows = new Set<number>();
  for (const [method, first] of store.batches.flat()) {
    const entries = first as readonly { readonly seq: number }[];
    if (method === "append") for (const { seq } of entries) rows.add(seq);
    if (method === "settle") for (const { seq } of entries) rows.delete(seq);
  }
  return [...rows].sort((one, other) => one - other);
}

describe("StoreActor and a store that fails", () => {
  test("refuses every append of the batch, rejects its calls, and logs", async () => {
    const { store, told, errors, append, call } = stage();
    append(1);
    append(2);
    call(["nextDeadline"]);
    await store.fail(new StoreFault("full", "Cannot commit: database or disk is full"));
    expect(told).toEqual(["refused 1,2: full", "rejected: full"]);
    expect(errors).toEqual(["store cannot commit"]);
  });

  test("takes any other error for a fault", async () => {
    const { store, told, append } = stage();
    append(1, true);
    await store.fail(new Error("unheard of"));
    expect(told).toEqual(["refused 1: failed"]);
  });

  test("refuses the appends alone where only they failed", async () => {
    const { store, told, append, call } = stage();
    append(1);
    call(["nextDeadline"]);
    const fault = new StoreFault("full", "Cannot append");
    await store.commit([{ fault }, { value: undefined }]);
    expect(told).toEqual(["refused 1: full", "answered 1"]);
  });

  test("goes on when the store does, and tries the removal of proved rows again", async () => {
    const { store, told, append, settle, elapse } = stage();
    settle(7);
    append(1, true);
    await store.fail(new StoreFault("busy", "Cannot commit: database is locked"));
    append(2, true);
    expect(store.last).toEqual(["append 2", "settle 7"]);
    await store.commit();
    expect(told).toEqual(["refused 1: busy", "committed 2"]);
    await elapse();
    expect(store.batches).toHaveLength(2);
  });

  test("keeps counts of streams for the next commit", async () => {
    const { store, append, count } = stage();
    count("stream", 5);
    append(1, true);
    await store.fail(new StoreFault("full", "Cannot commit"));
    append(2, true);
    expect(store.last).toContain("putStreams");
  });

  test("tries a removal again that failed alone, and says so", async () => {
    const { store, told, errors, append, settle } = stage();
    settle(7);
    append(1, true);
    const fault = new StoreFault("failed", "Cannot settle");
    await store.commit([{ value: undefined }, { fault }]);
    expect(told).toEqual(["committed 1"]);
    expect(errors).toEqual(["store cannot write"]);
    append(2, true);
    expect(store.last).toEqual(["append 2", "settle 7"]);
  });

  test("keeps counts of streams that could not be written alone", async () => {
    const { store, append, call, count } = stage();
    count("stream", 5);
    call(["nextDeadline"]);
    await store.commit([{ value: undefined }, { fault: new StoreFault("failed", "Cannot write") }]);
    append(1, true);
    expect(store.last).toEqual(["append 1", "putStreams"]);
  });

  test("refuses more than it can hold while the disk stands still, and takes more afterwards", async () => {
    const { store, told, append, elapse } = stage();
    append(0, true);
    for (let seq = 1; seq <= 50_001; seq++) append(seq);
    expect(told).toEqual(["refused 50001: busy"]);
    await store.commit();
    await elapse();
    await store.commit();
    append(60_000, true);
    expect(store.last).toEqual(["append 60000"]);
  }, 20_000);
});

test("that an account has reached its quota is told once an hour", async () => {
  const { store, notices, append, call, passHour } = stage();
  const round = async (seq: number) => {
    append(seq);
    call(["putDocument", "romeo@x", "private", "key", ""]);
    const quota = { fault: new StoreFault("quota", "Cannot keep more") };
    while (store.isCommitting) {
      await store.commit(store.batches.at(-1)!.map(([method]) => (method === "append" ? { value: [OWNER] } : quota)));
    }
  };
  const told = [`archive has reached its quota: oldest messages go ${OWNER}`, "account has reached its quota romeo@x"];
  await round(1);
  await round(2);
  expect(notices).toEqual(told);
  passHour();
  await round(3);
  expect(notices).toEqual([...told, ...told]);
});
