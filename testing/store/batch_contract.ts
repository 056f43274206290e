import { beforeEach, describe, expect, test } from "bun:test";
import { type ArchivePage, type ReadCall, type StoreCall, StoreFault, type StoreReply } from "../../store/store.ts";
import {
  addAccounts,
  archived,
  archiveSeqs,
  call,
  faultOf,
  JULIET,
  type MakeStore,
  pendingSeqs,
  ROMEO,
  startAnew,
  useStore,
  waiting,
} from "./harness.ts";

export function batchContract(make: MakeStore): void {
  const store = useStore(make);
  beforeEach(() => startAnew(store()));

  describe("run", () => {
    test("answers each call, in order, with what it and those before it did", async () => {
      const replies = await store().run([
        ["pending", JULIET, 0, 50],
        ["append", [waiting(1, JULIET)]],
        ["append", [waiting(2, JULIET)]],
        ["pending", JULIET, 0, 50],
        ["settle", [{ owner: JULIET, seq: 1 }]],
        ["pending", JULIET, 0, 50],
      ]);
      expect(replies.map(lengthOf)).toEqual([0, undefined, undefined, 2, undefined, 1]);
    });

    test("answers an empty batch", async () => {
      expect(await store().run([])).toEqual([]);
    });

    test("undoes a call that fails, alone and whole", async () => {
      const replies = await store().run([
        ["append", [waiting(1, JULIET)]],
        [
          "pend",
          [
            { owner: ROMEO, seq: 1, waiting: {} },
            { owner: ROMEO, seq: 404, waiting: {} },
          ],
        ],
        [
          "putRosterItem",
          "nobody@x",
          { jid: "a@b", name: "", subscription: "to", ask: false, approved: false, groups: [] },
          1,
        ],
        ["append", [waiting(2, JULIET)]],
      ]);
      expect(replies.map((reply) => "fault" in reply)).toEqual([false, true, true, false]);
      expect(replies[1]).toMatchObject({ fault: { kind: "failed" } });
      expect("fault" in replies[1]! && replies[1].fault).toBeInstanceOf(StoreFault);
      expect(await pendingSeqs(store(), JULIET)).toEqual([1, 2]);
      expect(await pendingSeqs(store(), ROMEO)).toEqual([]);
    });

    test("a peer that a failing call brought is known again afterwards", async () => {
      const peer = "new@montague.example";
      const broken = { owner: ROMEO, seq: Number.NaN, text: "<m/>", peer };
      const [failed] = await store().run([["append", [broken]]]);
      expect(failed).toHaveProperty("fault");
      await call(store(), "append", [{ owner: ROMEO, seq: 1, text: "<m/>", peer }]);
      const page = await call(store(), "archive", { owner: ROMEO, peer, take: "first", limit: 1 });
      expect(page.messages).toHaveLength(1);
    });

    test("an operation that there is not is a fault of that call", async () => {
      const replies = await store().run([["nothing"] as unknown as StoreCall, ["pending", JULIET, 0, 50]]);
      expect(replies).toMatchObject([{ fault: { kind: "failed" } }, { value: [] }]);
    });

    test("may be called while an earlier one is under way: first in, first out", async () => {
      const batches = Array.from({ length: 20 }, (_, i) => {
        return store().run([
          ["append", [waiting(i + 1, JULIET)]],
          ["pending", JULIET, 0, 50],
        ]);
      });
      const counts = (await Promise.all(batches)).map(([, reply]) => lengthOf(reply!));
      expect(counts).toEqual(Array.from({ length: 20 }, (_, i) => i + 1));
    });

    test("does not change with what the caller does to the batch afterwards", async () => {
      const batch: StoreCall[] = [["append", [waiting(1, JULIET)]]];
      const running = store().run(batch);
      batch.pop();
      expect(await running).toHaveLength(1);
    });
  });
}

export function readContract(make: MakeStore): void {
  const store = useStore(make);
  beforeEach(() => startAnew(store()));

  test("read() answers from one state, which has every batch that was run before, answered or not", async () => {
    const seqs = Array.from({ length: 20 }, (_, i) => i + 1);
    const replies = seqs.map((seq) => {
      void store().run([["append", [...archived(seq), waiting(100 + seq, JULIET)]]]);
      return store().read([
        ["pending", JULIET, 0, 50],
        ["archive", { owner: ROMEO, take: "first", limit: 1, count: true }],
      ]);
    });
    const counts = (await Promise.all(replies)).map(([pending, page]) => [lengthOf(pending!), totalOf(page!)]);
    expect(counts).toEqual(seqs.map((seq) => [seq, seq]));
  });

  test("read() answers each call, and one that fails or is no reading with its fault alone", async () => {
    const write = ["setForward", ROMEO, JULIET] as unknown as ReadCall;
    const replies = await store().read([
      ["credentials", ROMEO],
      write,
      ["nothing"] as unknown as ReadCall,
      ["stream", "none"],
    ]);
    expect(replies.map((reply) => ("fault" in reply ? reply.fault.kind : "value"))).toEqual([
      "value",
      "failed",
      "failed",
      "value",
    ]);
    expect(replies[0]).toEqual({ value: {} });
    expect((await call(store(), "user", ROMEO))?.forwardTo).toBeUndefined();
    expect(await store().read([])).toEqual([]);
  });
}

function totalOf(reply: StoreReply): number | undefined {
  return "value" in reply ? (reply.value as ArchivePage).total : undefined;
}

/** Of an answer that is a list. */
function lengthOf(reply: StoreReply): number | undefined {
  return "value" in reply ? (reply.value as readonly unknown[] | undefined)?.length : undefined;
}

/** For stores that outlive their process: the writes of a batch are there after close() and open(). */
export function durabilityContract(make: MakeStore): void {
  test("open() after close() finds everything, with the same key and the highest number ever appended", async () => {
    const store = await make();
    const first = await store.open();
    expect(first.lastSeq).toBe(0);
    expect(first.idKey).toHaveLength(16);
    await addAccounts(store, ROMEO, JULIET);
    await store.run([["append", [...archived(7), ...archived(9, { waiting: {} }), waiting(12, JULIET)]]]);
    await store.run([["settle", [{ owner: JULIET, seq: 12 }]]]);
    await store.close();

    expect(await store.open()).toEqual({ lastSeq: 12, idKey: first.idKey });
    expect(await archiveSeqs(store, ROMEO)).toEqual([7, 9]);
    expect(await pendingSeqs(store, JULIET)).toEqual([9]);
    await store.close();
  });

  test("two stores have different keys", async () => {
    const stores = [await make(), await make()];
    const [one, other] = await Promise.all(stores.map((store) => store.open()));
    expect(one!.idKey).not.toEqual(other!.idKey);
    await Promise.all(stores.map((store) => store.close()));
  });
}

export function lifeContract(make: MakeStore): void {
  test("run() and read() before open() and after close() are faults", async () => {
    const store = await make();
    expect(await faultOf(store.run([["accounts", "", 1]]))).toMatchObject({ kind: "failed" });
    expect(await faultOf(store.read([["accounts", "", 1]]))).toMatchObject({ kind: "failed" });
    await store.open();
    expect(await store.run([["accounts", "", 1]])).toEqual([{ value: [] }]);
    expect(await store.read([["accounts", "", 1]])).toEqual([{ value: [] }]);
    await store.close();
    expect(await faultOf(store.run([["accounts", "", 1]]))).toMatchObject({ kind: "failed" });
    expect(await faultOf(store.read([["accounts", "", 1]]))).toMatchObject({ kind: "failed" });
    await store.close();
  });

  test("close() waits for what was begun", async () => {
    const store = await make();
    await store.open();
    const running = store.run([["createAccount", ROMEO, {}, 1]]);
    await store.close();
    expect(await running).toEqual([{ value: true }]);
  });
}
