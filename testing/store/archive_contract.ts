import { beforeEach, describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import type { ArchivePage, ArchiveQuery } from "../../store/store.ts";
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
} from "./harness.ts";

const OWNERS = [ROMEO, JULIET, NURSE];

interface Row {
  readonly seq: number;
  readonly owner: string;
  readonly peer: string;
}

export function archiveContract(make: MakeStore): void {
  const store = useStore(make);
  beforeEach(() => startAnew(store()));

  async function appendRows(rows: readonly Row[]): Promise<void> {
    await call(
      store(),
      "append",
      rows.map(({ seq, owner, peer }) => ({ owner, seq, text: textOf(seq), peer })),
    );
  }

  describe("archive", () => {
    test("a page from either end tells whether it reached the end", async () => {
      await call(
        store(),
        "append",
        [1, 2, 3, 4, 5].flatMap((seq) => archived(seq)),
      );
      const page = async (query: Partial<ArchiveQuery>) => {
        const { messages, complete } = await call(store(), "archive", {
          owner: ROMEO,
          take: "first",
          limit: 2,
          ...query,
        });
        return [messages.map((message) => message.seq), complete];
      };
      expect(await page({})).toEqual([[1, 2], false]);
      expect(await page({ after: 2 })).toEqual([[3, 4], false]);
      expect(await page({ after: 3 })).toEqual([[4, 5], true]);
      expect(await page({ after: 5 })).toEqual([[], true]);
      expect(await page({ take: "last" })).toEqual([[4, 5], false]);
      expect(await page({ take: "last", before: 4 })).toEqual([[2, 3], false]);
      expect(await page({ take: "last", before: 3 })).toEqual([[1, 2], true]);
      expect(await page({ take: "last", before: 1 })).toEqual([[], true]);
      expect(await page({ limit: 0 })).toEqual([[], false]);
      expect(await page({ limit: 0, after: 5 })).toEqual([[], true]);
    });

    test("an owner without an account and a peer without a message give an empty page", async () => {
      await call(store(), "append", archived(1));
      const empty = { messages: [], complete: true };
      const query = { take: "first", limit: 5 } as const;
      expect(await call(store(), "archive", { ...query, owner: "nobody@montague.example" })).toMatchObject(empty);
      expect(await call(store(), "archive", { ...query, owner: ROMEO, peer: "x@y" })).toMatchObject(empty);
      expect(await call(store(), "archive", { ...query, owner: ROMEO, peer: ROMEO, count: true })).toEqual({
        ...empty,
        total: 0,
      });
      expect(await call(store(), "archive", { ...query, owner: ROMEO, peer: "x@y", count: true })).toEqual({
        ...empty,
        total: 0,
      });
    });

    test("reads what earlier calls of its batch wrote", async () => {
      const [, reply] = await store().run([
        ["append", archived(1)],
        ["archive", { owner: ROMEO, take: "first", limit: 5, count: true }],
      ]);
      expect(reply).toEqual({ value: { messages: [{ seq: 1, text: '<m n="1"/>' }], complete: true, total: 1 } });
    });

    test("every page is the one that a filtered list gives", async () => {
      await fc.assert(
        fc.asyncProperty(
          rowsArbitrary,
          fc.array(queryArbitrary, { minLength: 4, maxLength: 8 }),
          async (rows, queries) => {
            await startAnew(store());
            await appendRows(rows);
            const replies = await store().run(queries.map((query) => ["archive", query]));
            expect(replies).toEqual(queries.map((query) => ({ value: pageOf(rows, query) })));
          },
        ),
        { numRuns: 40 },
      );
    });

    test("paging through gives everything once, from either end", async () => {
      await fc.assert(
        fc.asyncProperty(rowsArbitrary, fc.integer({ min: 1, max: 7 }), async (rows, limit) => {
          await startAnew(store());
          await appendRows(rows);
          const seqs = rows.filter((row) => row.owner === ROMEO).map((row) => row.seq);
          expect(await walk(limit, "first")).toEqual(seqs.toSorted((a, b) => a - b));
          expect(await walk(limit, "last")).toEqual(seqs.toSorted((a, b) => a - b));
        }),
        { numRuns: 20 },
      );
    });
  });

  async function walk(limit: number, take: "first" | "last"): Promise<number[]> {
    const seqs: number[] = [];
    for (let turn = 0; turn < 1000; turn++) {
      const start = take === "first" ? { after: seqs.at(-1) } : { before: seqs[0] };
      const page = await call(store(), "archive", { owner: ROMEO, take, limit, ...start });
      const found = page.messages.map((message) => message.seq);
      if (take === "first") seqs.push(...found);
      else seqs.unshift(...found);
      if (page.complete) return seqs;
    }
    throw new Error("The archive never came to its end");
  }

  describe("retention", () => {
    test("archiveBounds() gives the first and the last", async () => {
      expect(await call(store(), "archiveBounds", ROMEO)).toBeUndefined();
      await call(store(), "append", [...archived(5), ...archived(3), ...archived(9)]);
      expect(await call(store(), "archiveBounds", ROMEO)).toEqual({ first: 3, last: 9 });
      expect(await call(store(), "archiveBounds", NURSE)).toBeUndefined();
    });

    test("pruneArchive() takes the oldest rows, in portions", async () => {
      await call(
        store(),
        "append",
        [1, 2, 3, 4].flatMap((seq) => archived(seq)),
      );
      expect(await call(store(), "pruneArchive", 4, 4)).toBe(4);
      expect(await archiveSeqs(store(), ROMEO)).toEqual([3, 4]);
      expect(await call(store(), "pruneArchive", 4, 4)).toBe(2);
      expect(await call(store(), "pruneArchive", 4, 4)).toBe(0);
      expect(await archiveSeqs(store(), JULIET)).toEqual([4]);
    });

    test("pruneArchive() leaves what somebody waits for", async () => {
      await call(store(), "append", [...archived(1, { waiting: {} }), ...archived(2)]);
      expect(await call(store(), "pruneArchive", 10, 100)).toBe(4);
      expect(await call(store(), "pending", JULIET, 0, 5)).toMatchObject([
        { seq: 1, text: '<m n="1"/>', archived: false },
      ]);
      expect(await faultOf(call(store(), "pend", [{ owner: JULIET, seq: 2, waiting: {} }]))).toMatchObject({
        kind: "failed",
      });
      await call(store(), "settle", [{ owner: JULIET, seq: 1 }]);
      expect(await pendingSeqs(store(), JULIET)).toEqual([]);
    });

    test("trimArchive() keeps the newest of one owner", async () => {
      await call(
        store(),
        "append",
        [1, 2, 3, 4].flatMap((seq) => archived(seq)),
      );
      expect(await call(store(), "trimArchive", ROMEO, 5)).toBe(0);
      expect(await call(store(), "trimArchive", ROMEO, 4)).toBe(0);
      expect(await call(store(), "trimArchive", ROMEO, 1)).toBe(3);
      expect(await archiveSeqs(store(), ROMEO)).toEqual([4]);
      expect(await archiveSeqs(store(), JULIET)).toEqual([1, 2, 3, 4]);
      expect(await call(store(), "trimArchive", ROMEO, 0)).toBe(1);
      expect(await call(store(), "trimArchive", "nobody@montague.example", 0)).toBe(0);
    });
  });
}

function textOf(seq: number): string {
  return `<m n="${seq}"/>`;
}

/** The same by plain means. */
function pageOf(rows: readonly Row[], query: ArchiveQuery): ArchivePage {
  const { owner, peer, from, until, after, before, seqs, take, limit } = query;
  const all = rows
    .filter((row) => row.owner === owner && (peer === undefined || row.peer === peer))
    .map((row) => row.seq)
    .filter((seq) => seq >= (from ?? 0) && seq <= (until ?? Infinity) && (seqs?.includes(seq) ?? true))
    .sort((a, b) => a - b);
  const within = all.filter((seq) => seq > (after ?? -1) && seq < (before ?? Infinity));
  const page = take === "first" ? within.slice(0, limit) : within.slice(Math.max(0, within.length - limit));
  return {
    messages: page.map((seq) => ({ seq, text: textOf(seq) })),
    complete: within.length <= limit,
    total: query.count === true ? all.length : undefined,
  };
}

const seqArbitrary = fc.integer({ min: 1, max: 40 });

const rowsArbitrary = fc.uniqueArray(
  fc.record({ seq: seqArbitrary, owner: fc.constantFrom(...OWNERS), peer: fc.constantFrom(...OWNERS) }),
  { selector: (row) => `${row.seq} ${row.owner}`, maxLength: 60 },
);

const queryArbitrary: fc.Arbitrary<ArchiveQuery> = fc.record({
  owner: fc.constantFrom(...OWNERS),
  peer: fc.option(fc.constantFrom(...OWNERS), { nil: undefined }),
  from: fc.option(seqArbitrary, { nil: undefined }),
  until: fc.option(seqArbitrary, { nil: undefined }),
  after: fc.option(seqArbitrary, { nil: undefined }),
  before: fc.option(seqArbitrary, { nil: undefined }),
  seqs: fc.option(fc.array(seqArbitrary, { maxLength: 12 }), { nil: undefined, freq: 3 }),
  take: fc.constantFrom("first", "last"),
  limit: fc.integer({ min: 0, max: 12 }),
  count: fc.boolean(),
});
