import { beforeEach, describe, expect, test } from "bun:test";
import type { NewMessage } from "../../store/store.ts";
import {
  archived,
  archiveSeqs,
  call,
  faultOf,
  JULIET,
  type MakeStore,
  NURSE,
  pendingSeqs,
  ROMEO,
  startAnew,
  useStore,
  waiting,
} from "./harness.ts";

const NOBODY = "nobody@montague.example";

export function messageLogContract(make: MakeStore): void {
  const store = useStore(make);
  beforeEach(() => startAnew(store()));

  /** Whether the owner's log has the message, which does not wait: only then can it. */
  async function hasRow(owner: string, seq: number): Promise<boolean> {
    const [pended, ,] = await store().run([
      ["pend", [{ owner, seq, waiting: {} }]],
      ["settle", [{ owner, seq }]],
    ]);
    return pended !== undefined && !("fault" in pended);
  }

  describe("append", () => {
    test("writes rows for archives, one of which waits as well", async () => {
      const text = '<message xmlns="jabber:client">\u00e9\u{1f339}&amp;</message>';
      const waiting = { rules: "[1]", deadline: 99, timeline: "t" };
      await call(store(), "append", archived(7_000_000_000_000_001, { text, waiting }));
      expect(await call(store(), "pending", JULIET, 0, 10)).toEqual([
        { seq: 7_000_000_000_000_001, text, rules: "[1]", deadline: 99, timeline: "t", archived: true },
      ]);
      for (const owner of [ROMEO, JULIET]) {
        expect(await call(store(), "archive", { owner, take: "first", limit: 10 })).toMatchObject({
          messages: [{ seq: 7_000_000_000_000_001, text }],
        });
      }
    });

    test("the same again changes nothing", async () => {
      const rows = archived(1, { waiting: { rules: "r" } });
      await call(store(), "append", [...rows, ...rows]);
      await call(store(), "append", rows);
      await call(store(), "append", archived(1, { text: "<other/>", waiting: { rules: "s" } }));
      expect(await call(store(), "pending", JULIET, 0, 10)).toMatchObject([{ seq: 1, text: '<m n="1"/>', rules: "r" }]);
      expect(await archiveSeqs(store(), ROMEO)).toEqual([1]);
      expect(await archiveSeqs(store(), JULIET)).toEqual([1]);
    });

    test("one who writes to oneself has one row", async () => {
      const row = { owner: ROMEO, seq: 1, text: "<m/>", peer: ROMEO };
      await call(store(), "append", [row, row]);
      expect(await archiveSeqs(store(), ROMEO)).toEqual([1]);
    });

    test("leaves out owners without a log", async () => {
      await call(store(), "append", [
        { owner: NOBODY, seq: 1, text: "<m/>", peer: JULIET, waiting: {} },
        { owner: JULIET, seq: 1, text: "<m/>", peer: NOBODY },
        { owner: NOBODY, seq: 2, text: "<m/>", waiting: {} },
      ]);
      expect(await archiveSeqs(store(), JULIET)).toEqual([1]);
      expect(await pendingSeqs(store(), NOBODY)).toEqual([]);
      expect(await archiveSeqs(store(), NOBODY)).toEqual([]);
    });

    test("leaves out what is neither archived nor waits", async () => {
      await call(store(), "append", [{ owner: JULIET, seq: 1, text: "<m/>" }]);
      expect(await hasRow(JULIET, 1)).toBe(false);
    });

    test("what the archive has already may wait, with what it brings, and then stays so", async () => {
      await call(store(), "append", archived(1));
      const again = (rules: string, deadline: number): NewMessage => {
        return { ...waiting(1, JULIET), text: "<other/>", waiting: { rules, deadline } };
      };
      await call(store(), "append", [again("r", 7)]);
      await call(store(), "append", [again("s", 8)]);
      expect(await call(store(), "pending", JULIET, 0, 10)).toEqual([
        { seq: 1, text: '<m n="1"/>', rules: "r", deadline: 7, archived: true },
      ]);
    });

    test("an owner that is no account has a log and nothing else", async () => {
      const gateway = "gateway.example";
      await call(store(), "addOwner", gateway, "gateway");
      await call(store(), "addOwner", gateway, "gateway");
      await call(store(), "append", [waiting(1, gateway, 5), waiting(2, gateway)]);
      expect(await pendingSeqs(store(), gateway)).toEqual([1, 2]);
      expect(await call(store(), "due", 9, 9)).toEqual([{ owner: gateway, seq: 1, at: 5 }]);
      expect(await call(store(), "accounts", "", 9)).toEqual([JULIET, NURSE, ROMEO]);
      expect(await call(store(), "user", gateway)).toBeUndefined();
      expect(await call(store(), "credentials", gateway)).toBeUndefined();
      expect(await call(store(), "removeAccount", gateway)).toBe(false);
      expect(await call(store(), "createAccount", gateway, {}, 1)).toBe(false);
      await call(store(), "addOwner", ROMEO, "gateway");
      expect(await call(store(), "user", ROMEO)).toBeDefined();
      await call(
        store(),
        "settle",
        [1, 2].map((seq) => ({ owner: gateway, seq })),
      );
      expect(await pendingSeqs(store(), gateway)).toEqual([]);
    });

    test("takes any number in any order", async () => {
      const seqs = Array.from({ length: 333 }, (_, i) => ((i * 7) % 333) + 1);
      await call(
        store(),
        "append",
        seqs.flatMap((seq) => archived(seq, { waiting: {} })),
      );
      const inOrder = seqs.toSorted((a, b) => a - b);
      expect(await archiveSeqs(store(), ROMEO)).toEqual(inOrder);
      expect(await pendingSeqs(store(), JULIET)).toEqual(inOrder);
    });
  });

  describe("pend and settle", () => {
    test("pend() makes a message of the log, or of the batch, wait", async () => {
      await call(store(), "append", archived(1));
      await store().run([
        ["append", archived(2)],
        ["pend", [{ owner: JULIET, seq: 2, waiting: {} }]],
        ["pend", [{ owner: JULIET, seq: 1, waiting: { rules: "r", deadline: 5 } }]],
      ]);
      expect(await call(store(), "pending", JULIET, 0, 10)).toMatchObject([
        { seq: 1, rules: "r", deadline: 5, archived: true },
        { seq: 2, archived: true },
      ]);
    });

    test("the timeline of what waits stays with it, until it waits no more", async () => {
      const timelines = async () => (await call(store(), "pending", JULIET, 0, 9)).map(({ timeline }) => timeline);
      const row = { owner: JULIET, seq: 2 };
      await call(store(), "append", [...archived(1), ...archived(2)]);
      await call(store(), "append", archived(1, { waiting: { timeline: "a" } }));
      await call(store(), "pend", [{ ...row, waiting: { timeline: "b" } }]);
      expect(await timelines()).toEqual(["a", "b"]);
      await call(store(), "pend", [{ ...row, waiting: { timeline: "c" } }]);
      await call(store(), "setRules", JULIET, 1, "[]", 5);
      expect(await timelines()).toEqual(["a", "b"]);
      await call(store(), "settle", [row]);
      await call(store(), "pend", [{ ...row, waiting: {} }]);
      expect(await timelines()).toEqual(["a", undefined]);
    });

    test("pend() of one who waits already leaves the rules as they are", async () => {
      await call(store(), "append", archived(1, { waiting: { rules: "old" } }));
      await call(store(), "setRules", JULIET, 1, "decided", undefined);
      await call(store(), "pend", [{ owner: JULIET, seq: 1, waiting: { rules: "old" } }]);
      expect(await call(store(), "pending", JULIET, 0, 10)).toMatchObject([{ seq: 1, rules: "decided" }]);
    });

    test("pend() without the message is a fault, without the account nothing", async () => {
      expect(await faultOf(call(store(), "pend", [{ owner: JULIET, seq: 404, waiting: {} }]))).toMatchObject({
        kind: "failed",
      });
      await call(store(), "append", archived(1));
      expect(await faultOf(call(store(), "pend", [{ owner: NURSE, seq: 1, waiting: {} }]))).toMatchObject({
        kind: "failed",
      });
      await call(store(), "pend", [{ owner: NOBODY, seq: 1, waiting: {} }]);
    });

    test("settle() keeps the row as long as the owner's archive has it", async () => {
      await call(store(), "append", [...archived(1), waiting(2, JULIET), waiting(3, JULIET), waiting(3, ROMEO)]);
      await call(store(), "pend", [{ owner: JULIET, seq: 1, waiting: {} }]);
      await call(
        store(),
        "settle",
        [1, 2, 3].map((seq) => ({ owner: JULIET, seq })),
      );
      expect(await pendingSeqs(store(), JULIET)).toEqual([]);
      expect(await archiveSeqs(store(), JULIET)).toEqual([1]);
      expect([await hasRow(JULIET, 1), await hasRow(JULIET, 2), await hasRow(JULIET, 3)]).toEqual([true, false, false]);
      expect(await pendingSeqs(store(), ROMEO)).toEqual([3]);
      await call(store(), "settle", [{ owner: ROMEO, seq: 3 }]);
      expect(await hasRow(ROMEO, 3)).toBe(false);
    });

    test("settle() of what does not wait changes nothing", async () => {
      await call(store(), "append", [...archived(1), waiting(2, JULIET)]);
      await call(store(), "settle", [
        { owner: JULIET, seq: 1 },
        { owner: ROMEO, seq: 2 },
        { owner: NOBODY, seq: 2 },
        { owner: JULIET, seq: 404 },
      ]);
      expect(await archiveSeqs(store(), ROMEO)).toEqual([1]);
      expect(await pendingSeqs(store(), JULIET)).toEqual([2]);
    });

    test("pending() gives a window in order, and tells what the archive has", async () => {
      await call(store(), "append", [waiting(3, JULIET), ...archived(1, { waiting: {} })]);
      await call(store(), "append", [waiting(2, JULIET), waiting(4, ROMEO)]);
      const plain = { rules: undefined, deadline: undefined };
      expect(await call(store(), "pending", JULIET, 0, 2)).toEqual([
        { seq: 1, text: '<m n="1"/>', archived: true, ...plain },
        { seq: 2, text: '<m n="2"/>', archived: false, ...plain },
      ]);
      expect(await call(store(), "pending", JULIET, 2, 2)).toMatchObject([{ seq: 3 }]);
      expect(await call(store(), "pending", NOBODY, 0, 2)).toEqual([]);
      expect((await call(store(), "user", JULIET))?.hasPending).toBe(true);
      expect((await call(store(), "user", NURSE))?.hasPending).toBe(false);
    });

    test("pendingShares() counts by sender what waits, but for the given numbers", async () => {
      const from = (sender: string, seq: number) => {
        const text = `<message xmlns="jabber:client" from="${sender}" to="${JULIET}" id="\u00e9"><body from="no"/></message>`;
        return { owner: JULIET, seq, text, waiting: {} };
      };
      const kept = { ...from(`${ROMEO}/orchard`, 1), peer: ROMEO };
      await call(store(), "append", [
        kept,
        from(`${ROMEO}/a&quot;b`, 2),
        from(NURSE, 3),
        from(NURSE, 4),
        waiting(5, JULIET),
      ]);
      await call(store(), "settle", [{ owner: JULIET, seq: 4 }]);
      const bytes = (...texts: string[]) => texts.reduce((sum, text) => sum + Buffer.byteLength(text), 0);
      const shares = await call(store(), "pendingShares", JULIET, [3]);
      expect(shares.toSorted((one, other) => one.sender.localeCompare(other.sender))).toEqual([
        { sender: "", messages: 1, bytes: bytes('<m n="5"/>') },
        { sender: ROMEO, messages: 2, bytes: bytes(kept.text, from(`${ROMEO}/a&quot;b`, 2).text) },
      ]);
      expect(await call(store(), "pendingShares", NOBODY, [])).toEqual([]);
    });

    test("setRules() changes one who waits", async () => {
      await call(store(), "append", [waiting(1, JULIET, 5)]);
      expect(await call(store(), "setRules", JULIET, 1, "[]", 9)).toBe(true);
      expect(await call(store(), "pending", JULIET, 0, 1)).toMatchObject([{ rules: "[]", deadline: 9 }]);
      expect(await call(store(), "setRules", JULIET, 1, undefined, undefined)).toBe(true);
      const [undecided] = await call(store(), "pending", JULIET, 0, 1);
      expect([undecided?.rules, undecided?.deadline]).toEqual([undefined, undefined]);
      expect(await call(store(), "setRules", ROMEO, 1, "[]", 9)).toBe(false);
      expect(await call(store(), "setRules", JULIET, 2, "[]", 9)).toBe(false);
    });

    test("withdraw() takes the message from the one who waits and not from the sender", async () => {
      await call(store(), "append", [...archived(1, { waiting: {} }), waiting(2, JULIET)]);
      expect(await call(store(), "withdraw", JULIET, 1)).toBe(true);
      expect(await call(store(), "withdraw", JULIET, 2)).toBe(true);
      expect(await archiveSeqs(store(), JULIET)).toEqual([]);
      expect(await archiveSeqs(store(), ROMEO)).toEqual([1]);
      expect([await hasRow(JULIET, 1), await hasRow(JULIET, 2)]).toEqual([false, false]);
      expect(await call(store(), "withdraw", JULIET, 1)).toBe(false);
    });

    test("withdraw() leaves an archived message that does not wait", async () => {
      await call(store(), "append", archived(1));
      expect(await call(store(), "withdraw", JULIET, 1)).toBe(false);
      expect(await archiveSeqs(store(), JULIET)).toEqual([1]);
    });
  });

  describe("deadlines", () => {
    test("due() gives the earliest first, up to and with the time; nextDeadline() the earliest", async () => {
      expect(await call(store(), "nextDeadline")).toBeUndefined();
      await call(store(), "append", [waiting(1, JULIET, 30), waiting(2, ROMEO, 10), waiting(3, JULIET, 20)]);
      await call(store(), "append", [waiting(4, JULIET)]);
      expect(await call(store(), "nextDeadline")).toBe(10);
      expect(await call(store(), "due", 20, 10)).toEqual([
        { owner: ROMEO, seq: 2, at: 10 },
        { owner: JULIET, seq: 3, at: 20 },
      ]);
      expect(await call(store(), "due", 99, 1)).toMatchObject([{ seq: 2 }]);
      const [first, second] = await call(store(), "due", 99, 2);
      expect(await call(store(), "due", 99, 1, first)).toEqual([second!]);
      await call(store(), "settle", [{ owner: ROMEO, seq: 2 }]);
      await call(store(), "setRules", JULIET, 3, undefined, undefined);
      expect(await call(store(), "nextDeadline")).toBe(30);
    });
  });

  test("waitingOwners() tells for which owners without an account messages wait", async () => {
    await call(store(), "addOwner", "here.example", "gateway");
    await call(store(), "addOwner", "gone.example", "gateway");
    await call(store(), "append", [waiting(1, "here.example"), waiting(2, "gone.example"), waiting(3, JULIET)]);
    await call(store(), "settle", [{ owner: "gone.example", seq: 2 }]);
    expect(await call(store(), "waitingOwners")).toEqual(["here.example"]);
    await call(store(), "settle", [
      { owner: "here.example", seq: 1 },
      { owner: JULIET, seq: 3 },
    ]);
    expect(await call(store(), "waitingOwners")).toEqual([]);
  });

  test("waitingSummary() counts what waits, and the deadlines up to and with the time", async () => {
    expect(await call(store(), "waitingSummary", 99)).toEqual({ messages: 0, oldest: undefined, due: 0 });
    await call(store(), "append", [waiting(2, JULIET, 30), waiting(3, ROMEO, 10), ...archived(1), waiting(4, ROMEO)]);
    expect(await call(store(), "waitingSummary", 29)).toEqual({ messages: 3, oldest: 2, due: 1 });
    expect(await call(store(), "waitingSummary", 30)).toMatchObject({ due: 2 });
    await call(store(), "settle", [{ owner: JULIET, seq: 2 }]);
    expect(await call(store(), "waitingSummary", 30)).toEqual({ messages: 2, oldest: 3, due: 1 });
  });
}
