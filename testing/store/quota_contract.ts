import { beforeEach, describe, expect, test } from "bun:test";
import type { NewMessage, Store } from "../../store/store.ts";
import { archived, archiveSeqs, call, faultOf, JULIET, pendingSeqs, ROMEO, startAnew, useStore } from "./harness.ts";

/** Of one account, in bytes; of these a quarter for what is not in its archive. */
const QUOTA = 64_000;
const LARGE = 10_000;

export function quotaContract(make: (accountBytes: number) => Promise<Store>): void {
  const store = useStore(() => make(QUOTA));
  beforeEach(() => startAnew(store()));

  const large = (seq: number, { waiting }: Pick<NewMessage, "waiting"> = {}) =>
    archived(seq, { text: "\u00e9".repeat(LARGE / 2), waiting });
  const item = (id: string, bytes: number) => ({ id, publisher: ROMEO, text: "x".repeat(bytes), at: 1 });
  const usage = (account = ROMEO) => call(store(), "usage", account);

  describe("usage() tells of", () => {
    test("no bytes where nothing is, and of nothing where there is no account", async () => {
      expect(await usage()).toEqual({ archive: 0, kept: 0 });
      expect(await usage("nobody@montague.example")).toBeUndefined();
    });

    test("the archive: what comes once, what comes again, what goes", async () => {
      await call(store(), "append", [...large(5), ...large(6), ...large(7, { waiting: {} })]);
      expect(await usage()).toEqual({ archive: 3 * LARGE, kept: 0 });
      await call(store(), "append", [
        ...large(6),
        ...archived(5, { text: "other" }),
        ...archived(1, { text: "late" }),
        ...archived(2, { text: "\u{1f339}" }),
      ]);
      expect(await usage()).toEqual({ archive: 3 * LARGE + 8, kept: 0 });
      await call(store(), "withdraw", JULIET, 7);
      expect([await usage(), await usage(JULIET)]).toMatchObject([
        { archive: 3 * LARGE + 8 },
        { archive: 2 * LARGE + 8 },
      ]);
      await call(store(), "pruneArchive", 6, 1000);
      expect([await usage(), await usage(JULIET)]).toMatchObject([{ archive: 2 * LARGE }, { archive: LARGE }]);
      await call(store(), "trimArchive", ROMEO, 1);
      expect(await usage()).toEqual({ archive: LARGE, kept: 0 });
      await startAnew(store());
      expect(await usage()).toEqual({ archive: 0, kept: 0 });
    });

    test("documents and PEP: what comes, what takes its place, what goes", async () => {
      await call(store(), "putDocument", ROMEO, "private", "key", "\u00e9\u00e9");
      await call(store(), "putDocument", ROMEO, "private", "key", "\u00e9");
      expect(await usage()).toEqual({ archive: 0, kept: 5 });
      await call(store(), "putPubsubNode", ROMEO, "node", "[]");
      await call(store(), "putPubsubNode", ROMEO, "node", "{}[]");
      for (const id of ["a", "b", "c"]) await call(store(), "putPubsubItem", ROMEO, "node", item(id, 99), 2);
      await call(store(), "putPubsubItem", ROMEO, "node", item("b", 49), 2);
      expect(await usage()).toMatchObject({ kept: 5 + 8 + 100 + 50 });
      await call(store(), "removePubsubItem", ROMEO, "node", "c");
      await call(store(), "removePubsubItem", ROMEO, "node", "none");
      expect(await usage()).toMatchObject({ kept: 5 + 8 + 50 });
      await call(store(), "removePubsubNode", ROMEO, "node");
      await call(store(), "removePubsubNode", ROMEO, "node");
      expect(await usage()).toMatchObject({ kept: 5 });
      await call(store(), "removeDocument", ROMEO, "private", "key");
      await call(store(), "removeDocument", ROMEO, "private", "key");
      expect(await usage()).toEqual({ archive: 0, kept: 0 });
    });

    test("what a batch wrote, and not what a call of it did not", async () => {
      await store().run([
        ["append", large(1)],
        ["putDocument", ROMEO, "private", "a", "four"],
        ["putPubsubItem", ROMEO, "none", item("a", 99), 1],
        ["putDocument", ROMEO, "private", "b", "four"],
      ]);
      expect(await usage()).toEqual({ archive: LARGE, kept: 10 });
    });
  });

  describe("beyond the quota", () => {
    test("an archive loses its oldest rows, its owner is named, and each message is there", async () => {
      for (let seq = 1; seq <= 6; seq++) expect(await call(store(), "append", large(seq))).toBeUndefined();
      await call(store(), "trimArchive", JULIET, 1);
      expect(await call(store(), "append", large(7))).toEqual([ROMEO]);
      expect(await archiveSeqs(store(), ROMEO)).toEqual([2, 3, 4, 5, 6, 7]);
      expect(await archiveSeqs(store(), JULIET)).toEqual([6, 7]);
      expect(await usage()).toEqual({ archive: 6 * LARGE, kept: 0 });
    });

    test("many small rows go in portions, and their texts with them", async () => {
      const many = (from: number) =>
        Array.from({ length: 700 }, (_, at) => archived(from + at, { text: "x".repeat(100) })).flat();
      for (let from = 1; from < 4000; from += 700) await call(store(), "append", many(from));
      expect((await usage())!.archive).toBeLessThanOrEqual(QUOTA);
      const seqs = await archiveSeqs(store(), ROMEO);
      expect(seqs.length * 100).toBe((await usage())!.archive);
      expect(seqs.at(-1)).toBe(4200);
      expect(seqs.length).toBeGreaterThan(400);
      const gone = { owner: ROMEO, seq: 1, waiting: {} };
      expect((await faultOf(call(store(), "pend", [gone]))).kind).toBe("failed");
    });

    test("what waits stays, though the archive loses it", async () => {
      await call(store(), "append", large(1, { waiting: {} }));
      for (let seq = 2; seq <= 8; seq++) await call(store(), "append", large(seq));
      expect(await archiveSeqs(store(), JULIET)).not.toContain(1);
      expect(await pendingSeqs(store(), JULIET)).toEqual([1]);
    });

    test("documents are refused alone, but for small ones, shorter ones, and after others went", async () => {
      const put = (key: string, bytes: number) =>
        call(store(), "putDocument", ROMEO, "private", key, "x".repeat(bytes));
      await put("a", LARGE);
      const replies = await store().run([
        ["putDocument", ROMEO, "private", "b", "x".repeat(LARGE)],
        ["putDocument", ROMEO, "private", "c", "x".repeat(1000)],
        ["putDocument", JULIET, "private", "a", "x".repeat(LARGE)],
      ]);
      expect(replies).toMatchObject([{ fault: { kind: "quota" } }, { value: undefined }, { value: undefined }]);
      expect(replies.map((reply) => "fault" in reply)).toEqual([true, false, false]);
      expect(await usage()).toEqual({ archive: 0, kept: LARGE + 1000 + 2 });
      expect(await call(store(), "document", ROMEO, "private", "b")).toBeUndefined();
      await put("a", LARGE / 2);
      await put("b", LARGE - 1000);
    });

    test("nodes and items are refused, though not in the place of others as long", async () => {
      const put = (id: string, bytes: number, max: number) =>
        call(store(), "putPubsubItem", ROMEO, "node", item(id, bytes), max);
      await call(store(), "putPubsubNode", ROMEO, "node", "{}");
      await put("a", LARGE, 1);
      await put("b", LARGE, 1);
      expect((await faultOf(put("c", LARGE, 2))).kind).toBe("quota");
      expect((await faultOf(call(store(), "putPubsubNode", ROMEO, "n", "x".repeat(LARGE)))).kind).toBe("quota");
      await put("b", LARGE, 2);
      await put("c", 1, 2);
      expect(await usage()).toEqual({ archive: 0, kept: 6 + LARGE + 1 + 2 });
    });

    test("an archive gives way to what is kept besides", async () => {
      for (let seq = 1; seq <= 6; seq++) await call(store(), "append", large(seq));
      await call(store(), "putDocument", ROMEO, "private", "a", "x".repeat(LARGE));
      expect(await call(store(), "append", archived(7))).toEqual([ROMEO]);
      expect(await archiveSeqs(store(), ROMEO)).toEqual([2, 3, 4, 5, 6, 7]);
    });
  });
}
