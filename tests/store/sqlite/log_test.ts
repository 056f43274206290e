/** The log after any steps, passes, restarts and crashes, beside a model of it. */
import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as fc from "fast-check";
import { createInlineStore, type SqliteLimits } from "../../../store/sqlite_store.ts";
import type { NewMessage, Store, StoreCall } from "../../../store/store.ts";
import { addAccounts, call, faultOf, JULIET, NURSE, pendingSeqs, ROMEO } from "../../../testing/store/harness.ts";
import { copyAsAfterCrash, countRows } from "./database_file.ts";

const folder = mkdtempSync(join(tmpdir(), "ampact-log-"));
afterAll(() => rmSync(folder, { recursive: true }));

const OWNERS = [ROMEO, JULIET, NURSE, "tybalt@capulet.example", "paris@verona.example"] as const;
const PEERS = [ROMEO, JULIET] as const;

type Write =
  | { readonly kind: "append"; readonly rows: readonly Row[]; readonly fails: boolean }
  | { readonly kind: "settle" | "withdraw" | "trim"; readonly owner: string; readonly seq: number }
  | { readonly kind: "prune"; readonly seq: number }
  | { readonly kind: "remove"; readonly owner: string };

/** `aborted`: the whole batch fails after its calls. */
type Step =
  | { readonly kind: "write"; readonly write: Write; readonly aborted: boolean }
  | { readonly kind: "restart"; readonly crash: boolean };

interface Row {
  readonly seq: number;
  readonly owner: string;
  /** Undefined: it is not archived, and waits in any case. */
  readonly peer: string | undefined;
  readonly waits: boolean;
}

type Known = Omit<Row, "owner">;

/** What each log must hold. */
class Model {
  readonly #logs = new Map<string, Map<number, Known>>(OWNERS.map((owner) => [owner, new Map()]));

  archive(owner: string, peer?: string): number[] {
    return this.#where(owner, (row) => row.peer !== undefined && (peer === undefined || row.peer === peer));
  }

  waiting(owner: string): number[] {
    return this.#where(owner, (row) => row.waits);
  }

  take(write: Write): void {
    switch (write.kind) {
      case "append":
        if (!write.fails) for (const row of write.rows) this.#append(row);
        return;
      case "settle":
        return this.#settle(write.owner, write.seq);
      case "withdraw":
        if (this.#logs.get(write.owner)!.get(write.seq)?.waits) this.#logs.get(write.owner)!.delete(write.seq);
        return;
      case "trim": {
        const archived = this.archive(write.owner);
        for (const seq of archived.slice(0, Math.max(0, archived.length - write.seq)))
          this.#unarchive(write.owner, seq);
        return;
      }
      case "prune":
        for (const owner of OWNERS) {
          for (const seq of this.archive(owner)) if (seq < write.seq) this.#unarchive(owner, seq);
        }
        return;
      case "remove":
        return this.#logs.get(write.owner)!.clear();
      default:
        write satisfies never;
    }
  }

  #where(owner: string, is: (row: Known) => boolean): number[] {
    const rows = [...this.#logs.get(owner)!.values()].filter(is);
    return rows.map(({ seq }) => seq).sort((a, b) => a - b);
  }

  #append({ seq, owner, peer, waits }: Row): void {
    const log = this.#logs.get(owner)!;
    const known = log.get(seq) ?? { seq, peer, waits: false };
    log.set(seq, { ...known, waits: known.waits || waits || peer === undefined });
  }

  #settle(owner: string, seq: number): void {
    const log = this.#logs.get(owner)!;
    const known = log.get(seq);
    if (known?.peer === undefined) log.delete(seq);
    else log.set(seq, { ...known, waits: false });
  }

  #unarchive(owner: string, seq: number): void {
    const log = this.#logs.get(owner)!;
    const known = log.get(seq)!;
    if (known.waits) log.set(seq, { ...known, peer: undefined });
    else log.delete(seq);
  }
}

function callsOf(write: Write): StoreCall[] {
  switch (write.kind) {
    case "append":
      return appendCalls(write.rows, write.fails);
    case "settle":
      return [["settle", [{ owner: write.owner, seq: write.seq }]]];
    case "withdraw":
      return [["withdraw", write.owner, write.seq]];
    case "trim":
      return [["trimArchive", write.owner, write.seq]];
    case "prune":
      return [["pruneArchive", write.seq, 1000]];
    case "remove":
      return [
        ["removeAccount", write.owner],
        ["createAccount", write.owner, {}, 1],
      ];
    default:
      return write satisfies never;
  }
}

/** Numbers grow with the steps, as in a log, and yet some come late. */
function shifted(write: Write, by: number): Write {
  if (write.kind === "append") return { ...write, rows: write.rows.map((row) => ({ ...row, seq: row.seq + by })) };
  if (write.kind === "withdraw" || write.kind === "settle") return { ...write, seq: write.seq + by };
  return write.kind === "prune" ? { ...write, seq: Math.max(write.seq + by - 40, 0) } : write;
}

function textOf(seq: number): string {
  return `<m n="${seq}">\u00e9</m>`;
}

function messageOf({ seq, owner, peer, waits }: Row): NewMessage {
  return { owner, seq, text: textOf(seq), peer, waiting: waits || peer === undefined ? {} : undefined };
}

/** A call that fails after it has added its rows makes the batch run again, and is undone alone. */
function appendCalls(rows: readonly Row[], fails: boolean): StoreCall[] {
  const messages = rows.map(messageOf);
  if (!fails) return [["append", messages]];
  const waiting = { deadline: "never" as unknown as number };
  const broken = { owner: ROMEO, seq: 999, text: "", peer: "new@verona.example", waiting };
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

const LIMITS: SqliteLimits = { unindexedRows: 8, maxPages: 200 };
const TOO_BIG: StoreCall = ["append", [{ owner: ROMEO, seq: 1000, text: "x".repeat(1_000_000), peer: ROMEO }]];

/** Both by pages and by count. */
async function archiveOf(store: Store, owner: string, peer?: string): Promise<readonly number[]> {
  const page = await call(store, "archive", { owner, peer, take: "first", limit: 1000, count: true });
  expect(page.total).toBe(page.messages.length);
  for (const { seq, text } of page.messages) expect(text).toBe(textOf(seq));
  return page.messages.map(({ seq }) => seq);
}

async function expectLog(store: Store, owner: string, model: Model): Promise<void> {
  const seqs = model.archive(owner);
  expect(await archiveOf(store, owner)).toEqual(seqs);
  for (const peer of PEERS) expect(await archiveOf(store, owner, peer)).toEqual(model.archive(owner, peer));
  expect(await pendingSeqs(store, owner)).toEqual(model.waiting(owner));
  const archive = seqs.reduce((sum, seq) => sum + Buffer.byteLength(textOf(seq)), 0);
  expect(await call(store, "usage", owner)).toEqual({ archive, kept: 0 });
}

test("every log holds what it must, and its bytes are counted, after any steps, restarts and crashes", async () => {
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
        } else {
          const write = shifted(step.write, i * 2);
          if (step.aborted) expect((await faultOf(store.run([...callsOf(write), TOO_BIG]))).kind).toBe("full");
          else {
            model.take(write);
            await store.run(callsOf(write));
          }
        }
        for (const owner of OWNERS) await expectLog(store, owner, model);
      }
      await store.close();
    }),
    { numRuns: 30 },
  );
}, 60_000);

test("the newest row goes before it has passed, and the one that comes then is found by its peer", async () => {
  const path = join(folder, "newest.db");
  const store = createInlineStore(`sqlite:${path}`, { unindexedRows: 2 });
  await store.open();
  await addAccounts(store, ROMEO, JULIET);
  const row = (seq: number, waits: boolean) => messageOf({ seq, owner: ROMEO, peer: JULIET, waits });
  await call(store, "append", [row(1, false), row(2, true)]);
  await call(store, "withdraw", ROMEO, 2);
  await call(store, "append", [row(3, false)]);
  expect(await archiveOf(store, ROMEO, JULIET)).toEqual([1, 3]);
  await store.close();

  const again = createInlineStore(`sqlite:${path}`, { unindexedRows: 2 });
  await again.open();
  await call(again, "append", [row(4, false)]);
  expect(await archiveOf(again, ROMEO, JULIET)).toEqual([1, 3, 4]);
  await again.close();
});

test("a pass takes all rows, also where one transaction brings more than a pass waits for", async () => {
  const path = join(folder, "fast.db");
  const store = createInlineStore(`sqlite:${path}`, { unindexedRows: 1000 });
  await store.open();
  await addAccounts(store, ...OWNERS);
  const rows = Array.from({ length: 2500 }, (_, i): Row => {
    return { seq: i + 1, owner: OWNERS[i % OWNERS.length]!, peer: JULIET, waits: false };
  });
  await store.run(appendCalls(rows.slice(0, 2000), false));
  await store.run(appendCalls(rows.slice(2000), false));
  await store.close();
  expect(countRows(path, "log_by_peer")).toBe(2000);
});

test("nothing is left in the log of what has waited, and gives room where the database is full", async () => {
  const path = join(folder, "full.db");
  const store = createInlineStore(`sqlite:${path}`, { maxPages: 60 });
  await store.open();
  await addAccounts(store, JULIET);
  let last = 0;
  const big = (seq: number): NewMessage => ({ owner: JULIET, seq, text: "x".repeat(3000), waiting: {} });
  const fill = async () => {
    for (;;) {
      const [reply] = await store.run([["append", [big(last + 1)]]]).catch((fault) => [{ fault }]);
      if ("fault" in reply!) return expect(reply.fault.kind).toBe("full");
      last++;
    }
  };
  await fill();
  const before = last;
  expect(before).toBeGreaterThan(5);
  await call(
    store,
    "settle",
    Array.from({ length: before }, (_, i) => ({ owner: JULIET, seq: i + 1 })),
  );
  expect(await pendingSeqs(store, JULIET)).toEqual([]);
  await fill();
  expect(last - before).toBeGreaterThan(before / 2);
  await call(
    store,
    "settle",
    Array.from({ length: last - before }, (_, i) => ({ owner: JULIET, seq: before + i + 1 })),
  );
  await store.close();
  expect(countRows(path, "log")).toBe(0);
});

const owner = fc.constantFrom(...OWNERS);
const seq = fc.integer({ min: 1, max: 8 });
const peer = fc.constantFrom(undefined, ...PEERS);
const rows = fc.array(fc.record({ seq, owner, peer, waits: fc.boolean() }), { maxLength: 4 });

const writes: fc.Arbitrary<Write> = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({ kind: fc.constant("append" as const), rows, fails: fc.constantFrom(true, false, false) }),
  },
  { weight: 6, arbitrary: fc.record({ kind: fc.constantFrom("settle" as const, "withdraw" as const), owner, seq }) },
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
