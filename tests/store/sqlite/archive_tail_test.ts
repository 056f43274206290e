import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as fc from "fast-check";
import { createInlineStore, type SqliteLimits } from "../../../store/sqlite_store.ts";
import type { NewMessage, Store, StoreCall } from "../../../store/store.ts";
import { addAccounts, archiveSeqs, call, faultOf, JULIET, NURSE, ROMEO } from "../contract/harness.ts";
import { copyAsAfterCrash, countRows } from "./database_file.ts";

const folder = mkdtempSync(join(tmpdir(), "ampact-tail-"));
afterAll(() => rmSync(folder, { recursive: true }));

const OWNERS = [ROMEO, JULIET, NURSE, "tybalt@capulet.example", "paris@verona.example"] as const;

type Write =
  | { readonly kind: "append"; readonly rows: readonly Row[]; readonly fails: boolean }
  | { readonly kind: "withdraw" | "trim"; readonly owner: string; readonly seq: number }
  | { readonly kind: "prune"; readonly seq: number }
  | { readonly kind: "remove"; readonly owner: string };

/** `aborted`: the whole batch fails after its calls. */
type Step =
  | { readonly kind: "write"; readonly write: Write; readonly aborted: boolean }
  | { readonly kind: "restart"; readonly crash: boolean };

interface Row {
  readonly seq: number;
  readonly owner: string;
}

/** What each archive must hold. */
class Model {
  readonly archives = new Map<string, Set<number>>(OWNERS.map((owner) => [owner, new Set()]));

  of(owner: string): number[] {
    return [...this.archives.get(owner)!].sort((a, b) => a - b);
  }

  take(step: Write): void {
    if (step.kind === "append" && !step.fails)
      for (const { seq, owner } of step.rows) this.archives.get(owner)!.add(seq);
    if (step.kind === "withdraw") this.archives.get(step.owner)!.delete(step.seq);
    if (step.kind === "trim") this.keep(step.owner, new Set(this.of(step.owner).slice(-step.seq)));
    if (step.kind === "remove") this.archives.get(step.owner)!.clear();
    if (step.kind === "prune") {
      for (const owner of OWNERS) this.keep(owner, new Set(this.of(owner).filter((seq) => seq >= step.seq)));
    }
  }

  keep(owner: string, kept: ReadonlySet<number>): void {
    for (const seq of this.of(owner)) if (!kept.has(seq)) this.archives.get(owner)!.delete(seq);
  }
}

function callsOf(step: Write): StoreCall[] {
  switch (step.kind) {
    case "append":
      return appendCalls(step.rows, step.fails);
    case "withdraw":
      return [
        ["pend", [{ seq: step.seq, pending: { owner: step.owner } }]],
        ["withdraw", step.owner, step.seq],
      ];
    case "trim":
      return [["trimArchive", step.owner, step.seq]];
    case "prune":
      return [["pruneArchive", step.seq, 1000]];
    case "remove":
      return [
        ["removeAccount", step.owner],
        ["createAccount", step.owner, {}, 1],
      ];
    default:
      return step satisfies never;
  }
}

/** Numbers grow with the steps, as in a log, and yet some come late. */
function shifted(step: Write, by: number): Write {
  if (step.kind === "append") return { ...step, rows: step.rows.map((row) => ({ ...row, seq: row.seq + by })) };
  if (step.kind === "withdraw") return { ...step, seq: step.seq + by };
  return step.kind === "prune" ? { ...step, seq: Math.max(step.seq + by - 40, 0) } : step;
}

function textOf(seq: number): string {
  return `<m n="${seq}">\u00e9</m>`;
}

/** A call that fails after it has added its rows makes the batch run again, and is undone alone. */
function appendCalls(rows: readonly Row[], fails: boolean): StoreCall[] {
  const messages = rows.map(({ seq, owner }): NewMessage => {
    return { seq, text: textOf(seq), archive: [{ owner, peer: ROMEO }] };
  });
  if (!fails) return [["append", messages]];
  const broken: NewMessage = {
    seq: 999,
    text: "",
    archive: [{ owner: ROMEO, peer: ROMEO }],
    pending: { owner: ROMEO, deadline: "never" as unknown as number },
  };
  return [
    ["append", [...messages, broken]],
    ["accounts", "", 1],
  ];
}

let made = 0;

/** The store after a restart; after a crash, on what the files held at that moment. */
async function restarted(store: Store, path: string, crash: boolean): Promise<[Store, string]> {
  const copy = join(folder, `${++made}.db`);
  if (crash) copyAsAfterCrash(path, copy);
  await store.close();
  return [createInlineStore(`sqlite:${crash ? copy : path}`, LIMITS), crash ? copy : path];
}

const LIMITS: SqliteLimits = { unindexedRows: 8, uncountedRows: 6, maxPages: 200 };
const TOO_BIG: StoreCall = [
  "append",
  [{ seq: 1000, text: "x".repeat(1_000_000), archive: [{ owner: ROMEO, peer: ROMEO }] }],
];

async function expectArchive(store: Store, owner: string, seqs: readonly number[]): Promise<void> {
  expect(await archiveSeqs(store, owner)).toEqual([...seqs]);
  const archive = seqs.reduce((sum, seq) => sum + Buffer.byteLength(textOf(seq)), 0);
  expect(await call(store, "usage", owner)).toEqual({ archive, kept: 0 });
}

test("every archive holds what it must, and its bytes are counted, after any steps, restarts and crashes", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(stepArbitrary, { minLength: 20, maxLength: 50 }), async (steps) => {
      let path = join(folder, `${++made}.db`);
      let store = createInlineStore(`sqlite:${path}`, LIMITS);
      await store.open();
      await addAccounts(store, ...OWNERS);
      const model = new Model();
      for (const [i, step] of steps.entries()) {
        if (step.kind === "restart") {
          [store, path] = await restarted(store, path, step.crash);
          await store.open();
          for (const owner of OWNERS) await expectArchive(store, owner, model.of(owner));
          continue;
        }
        const write = shifted(step.write, i * 2);
        if (step.aborted) {
          expect((await faultOf(store.run([...callsOf(write), TOO_BIG]))).kind).toBe("full");
        } else {
          model.take(write);
          await store.run(callsOf(write));
        }
        for (const owner of OWNERS) await expectArchive(store, owner, model.of(owner));
      }
      for (const owner of OWNERS) {
        const page = await call(store, "archive", { owner, take: "first", limit: 0, count: true });
        expect(page.total).toBe(model.of(owner).length);
      }
      await store.close();
    }),
    { numRuns: 30 },
  );
});

test("rows that came to an owner whom the pass had visited are there after a crash", async () => {
  const path = join(folder, "pass.db");
  const store = createInlineStore(`sqlite:${path}`, { unindexedRows: 4 });
  await store.open();
  await addAccounts(store, ...OWNERS);
  // The fifth row begins a pass that leaves one owner, the sixth ends it.
  for (const [i, owner] of [...OWNERS, ROMEO].entries()) await store.run(appendCalls([{ seq: i + 1, owner }], false));
  const [afterCrash] = await restarted(store, path, true);
  await afterCrash.open();
  expect(await archiveSeqs(afterCrash, ROMEO)).toEqual([1, 6]);
  await afterCrash.close();
});

test("a pass ends though each transaction brings more rows than one takes out by itself", async () => {
  const path = join(folder, "fast.db");
  const store = createInlineStore(`sqlite:${path}`, { unindexedRows: 4000 });
  await store.open();
  await addAccounts(store, ...OWNERS);
  let seq = 0;
  for (let batch = 0; batch < 20; batch++) {
    const rows = Array.from({ length: 2000 }, () => ({ seq: ++seq, owner: OWNERS[seq % OWNERS.length]! }));
    await store.run(appendCalls(rows, false));
  }
  const [, copy] = await restarted(store, path, true);
  expect(countRows(copy, "archive")).toBe(40_000);
  expect(countRows(copy, "archive_index")).toBeGreaterThan(40_000 - 10_000);
});

const owner = fc.constantFrom(...OWNERS);
const seq = fc.integer({ min: 1, max: 8 });
const rows = fc.array(fc.record({ seq, owner }), { maxLength: 4 });

const writes: fc.Arbitrary<Write> = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({ kind: fc.constant("append" as const), rows, fails: fc.constantFrom(true, false, false) }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("withdraw" as const), owner, seq }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant("trim" as const), owner, seq: fc.integer({ min: 1, max: 6 }) }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("prune" as const), seq: fc.integer({ min: 1, max: 20 }) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("remove" as const), owner }) },
);

const stepArbitrary: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({
      kind: fc.constant("write" as const),
      write: writes,
      aborted: fc.constantFrom(true, false, false, false),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("restart" as const), crash: fc.boolean() }) },
);
