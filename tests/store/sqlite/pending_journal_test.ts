import { afterAll, describe, expect, spyOn, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as fc from "fast-check";
import { Connection } from "../../../store/sqlite/connection.ts";
import { PendingJournal } from "../../../store/sqlite/pending_journal.ts";
import { packSegment, unpackSegment } from "../../../store/sqlite/segment_text.ts";
import { packQuestion, unpackQuestion } from "../../../store/sqlite/wire.ts";
import { createInlineStore, type SqliteLimits } from "../../../store/sqlite_store.ts";
import type { NewMessage, Store, StoreCall } from "../../../store/store.ts";
import { addAccounts, call, faultOf, JULIET, NURSE, pendingSeqs, ROMEO, waiting } from "../contract/harness.ts";
import { copyAsAfterCrash, countRows, figure } from "./database_file.ts";

const folder = mkdtempSync(join(tmpdir(), "ampact-journal-"));
afterAll(() => rmSync(folder, { recursive: true }));

let made = 0;
const freshPath = () => join(folder, `${++made}.db`);

const OWNERS = [ROMEO, JULIET, NURSE] as const;

interface Row {
  readonly seq: number;
  readonly owner: string;
  readonly rules: string | undefined;
  readonly deadline: number | undefined;
  readonly archived: boolean;
}

type Write =
  | { readonly kind: "append"; readonly rows: readonly Row[]; readonly fails: boolean }
  | {
      readonly kind: "settle" | "withdraw" | "pend" | "settle and append";
      readonly owner: string;
      readonly seq: number;
    }
  | { readonly kind: "rules"; readonly owner: string; readonly seq: number; readonly deadline: number | undefined }
  | { readonly kind: "remove"; readonly owner: string };

/** `aborted`: the whole batch fails after its calls. */
type Step =
  | { readonly kind: "write"; readonly write: Write; readonly aborted: boolean }
  | { readonly kind: "look"; readonly owner: string }
  | { readonly kind: "restart"; readonly crash: boolean };

/** What waits for one owner, and what its archive holds. */
class Model {
  readonly waiting = new Map<number, { rules: string | undefined; deadline: number | undefined }>();
  readonly archive = new Set<number>();

  /** As the store tells of it. */
  get pending() {
    const rows = [...this.waiting].map(([seq, entry]) => ({
      seq,
      text: textOf(seq),
      archived: this.archive.has(seq),
      ...entry,
    }));
    return rows.sort((one, other) => one.seq - other.seq);
  }

  take(write: Write): void {
    switch (write.kind) {
      case "append":
        if (!write.fails) for (const row of write.rows) this.#append(row);
        return;
      case "settle":
        return void this.waiting.delete(write.seq);
      case "settle and append":
        this.waiting.set(write.seq, { rules: undefined, deadline: undefined });
        return;
      case "withdraw":
        if (this.waiting.delete(write.seq)) this.archive.delete(write.seq);
        return;
      case "rules":
        if (this.waiting.has(write.seq)) this.waiting.set(write.seq, { rules: "new", deadline: write.deadline });
        return;
      case "pend":
        if (this.archive.has(write.seq) && !this.waiting.has(write.seq))
          this.waiting.set(write.seq, { rules: undefined, deadline: undefined });
        return;
      case "remove":
        this.waiting.clear();
        this.archive.clear();
        return;
      default:
        write satisfies never;
    }
  }

  #append({ seq, rules, deadline, archived }: Row): void {
    if (archived) this.archive.add(seq);
    if (!this.waiting.has(seq)) this.waiting.set(seq, { rules, deadline });
  }
}

function textOf(seq: number): string {
  return `<m n="${seq}">\n</m>`;
}

function messageOf({ seq, owner, rules, deadline, archived }: Row): NewMessage {
  const archive = archived ? [{ owner, peer: ROMEO }] : [];
  return { seq, text: textOf(seq), archive, pending: { owner, rules, deadline } };
}

/** Another owner's message never has the same number here, but where both are in one append. */
function callsOf(write: Write): StoreCall[] {
  switch (write.kind) {
    case "append": {
      const messages = write.rows.map(messageOf);
      if (!write.fails) return [["append", messages]];
      const broken = { ...waiting(999_999, ROMEO), pending: { owner: ROMEO, deadline: "never" as unknown as number } };
      return [
        ["append", [...messages, broken]],
        ["accounts", "", 1],
      ];
    }
    case "settle":
      return [["settle", [write]]];
    case "settle and append":
      return [
        ["settle", [write]],
        ["append", [messageOf({ ...write, rules: undefined, deadline: undefined, archived: false })]],
      ];
    case "withdraw":
      return [["withdraw", write.owner, write.seq]];
    case "rules":
      return [["setRules", write.owner, write.seq, "new", write.deadline]];
    case "pend":
      return [["pend", [{ seq: write.seq, pending: { owner: write.owner } }]]];
    case "remove":
      return [
        ["removeAccount", write.owner],
        ["createAccount", write.owner, {}, 1],
      ];
    default:
      return write satisfies never;
  }
}

/** Numbers grow with the steps, and yet some come late; each owner has its own. */
function shifted(write: Write, by: number): Write {
  const own = (seq: number, owner: string) => {
    return Math.max(1, seq + by * 6) * OWNERS.length + OWNERS.indexOf(owner as never);
  };
  if (write.kind === "append") {
    return { ...write, rows: write.rows.map((row) => ({ ...row, seq: own(row.seq, row.owner) })) };
  }
  return "seq" in write ? { ...write, seq: own(write.seq, write.owner) } : write;
}

/** A store that is given its batches as the thread of a WorkerStore is. */
function overWire(store: Store): Store {
  return {
    open: () => store.open(),
    run: (batch) => store.run(unpackQuestion(packQuestion(batch)) as readonly StoreCall[]),
    close: () => store.close(),
  };
}

/** The store after a restart; after a crash, on what the files held at that moment. */
async function restarted(store: Store, path: string, crash: boolean, limits: SqliteLimits): Promise<[Store, string]> {
  const copy = freshPath();
  if (crash) copyAsAfterCrash(path, copy);
  await store.close();
  const opened = overWire(createInlineStore(`sqlite:${crash ? copy : path}`, limits));
  await opened.open();
  return [opened, crash ? copy : path];
}

/** Nothing of the journal, which would be looked through for it. */
const TOO_BIG: StoreCall = ["putDocument", ROMEO, "photo", "", "x".repeat(1_000_000)];

describe.each([0, 1, 6, 1000])("a journal of at most %p messages", (journalRows) => {
  const limits = { journalRows, maxPages: 200 };

  test.each([
    ["whatever is asked meanwhile", true],
    ["though nobody asks for most of it", false],
  ])("loses and invents nothing that waits, after any steps, restarts and crashes, %s", async (_, asks) => {
    await fc.assert(
      fc.asyncProperty(fc.array(stepArbitrary, { minLength: 20, maxLength: 60 }), async (steps) => {
        let path = freshPath();
        let store: Store = overWire(createInlineStore(`sqlite:${path}`, limits));
        await store.open();
        await addAccounts(store, ...OWNERS);
        const models = new Map(OWNERS.map((owner) => [owner as string, new Model()]));
        for (const [i, step] of steps.entries()) {
          if (step.kind === "restart") [store, path] = await restarted(store, path, step.crash, limits);
          else if (step.kind === "write") await take(store, models, shifted(step.write, i), step.aborted);
          else await compare(store, step.owner, models.get(step.owner)!);
          if (asks) for (const [owner, model] of models) await compare(store, owner, model);
        }
        for (const [owner, model] of models) await compare(store, owner, model);
        for (const owner of OWNERS) await call(store, "removeAccount", owner);
        await store.close();
        for (const table of ["message", "pending", "pending_journal"]) expect(countRows(path, table)).toBe(0);
      }),
      { numRuns: 25 },
    );
  });

  async function take(store: Store, models: Map<string, Model>, write: Write, aborted: boolean): Promise<void> {
    if (aborted) {
      expect((await faultOf(store.run([...callsOf(write), TOO_BIG]))).kind).toBe("full");
      return;
    }
    if (write.kind !== "append") models.get(write.owner)!.take(write);
    else for (const row of write.rows) models.get(row.owner)!.take({ ...write, rows: [row] });
    await store.run(callsOf(write));
  }

  async function compare(store: Store, owner: string, model: Model): Promise<void> {
    const pending = model.pending;
    expect(await call(store, "pending", owner, 0, 1000)).toEqual(pending);
    const after = pending[1]?.seq ?? 0;
    const beyond = pending.filter(({ seq }) => seq > after).slice(0, 2);
    expect(await call(store, "pending", owner, after, 2)).toEqual(beyond);
    expect(await call(store, "pendingCount", owner)).toBe(pending.length);
    expect((await call(store, "user", owner))!.hasPending).toBe(pending.length > 0);
  }
});

describe("the journal", () => {
  test("has a row for each commit, until nothing of it and of what came before waits", async () => {
    const path = freshPath();
    const store = createInlineStore(`sqlite:${path}`);
    await store.open();
    await addAccounts(store, JULIET);
    await call(store, "append", [waiting(1, JULIET), waiting(2, JULIET)]);
    await call(store, "append", [waiting(3, JULIET)]);
    const rowsAfter = async (...seqs: number[]) => {
      await call(
        store,
        "settle",
        seqs.map((seq) => ({ owner: JULIET, seq })),
      );
      const [crashed, copy] = await restarted(store, path, true, {});
      const waits = await pendingSeqs(crashed, JULIET);
      await crashed.close();
      await store.open();
      return [waits, countRows(copy, "pending_journal"), countRows(copy, "pending"), countRows(copy, "message")];
    };
    expect(await rowsAfter(2)).toEqual([[1, 3], 3, 0, 0]);
    expect(await rowsAfter(3)).toEqual([[1], 4, 0, 0]);
    expect(await rowsAfter(1)).toEqual([[], 0, 0, 0]);
    await store.close();
  });

  test("gives room again where the database is full, though nothing of a segment but one message is settled", async () => {
    const store = createInlineStore("sqlite::memory:", { maxPages: 60 });
    await store.open();
    await addAccounts(store, JULIET);
    let seq = 0;
    const append = (count: number, units: number) => {
      const messages = Array.from({ length: count }, () => ({ ...waiting(++seq, JULIET), text: "x".repeat(units) }));
      return call(store, "append", messages).catch(({ kind }) => kind);
    };
    while ((await append(2, 6000)) !== "full");
    const kept = seq - 2;
    while ((await append(1, 100)) !== "full");
    const small = seq - 1;
    for (let odd = 1; odd < kept; odd += 2) await call(store, "settle", [{ owner: JULIET, seq: odd }]);
    expect((await pendingSeqs(store, JULIET)).slice(0, kept / 2)).toEqual(
      Array.from({ length: kept / 2 }, (_, i) => (i + 1) * 2),
    );
    expect(await append(1, 6000)).toBeUndefined();
    expect(await call(store, "pendingCount", JULIET)).toBe(small - 2 - kept / 2 + 1);
    await store.close();
  });

  test("gives room again so, and keeps what nobody has asked for since it came", async () => {
    const path = freshPath();
    const limits = { maxPages: 60 };
    const store = overWire(createInlineStore(`sqlite:${path}`, limits));
    await store.open();
    await addAccounts(store, JULIET);
    await call(store, "append", [{ ...waiting(1, JULIET), text: "x".repeat(20_000) }, waiting(2, JULIET)]);
    await store.run([
      ["settle", [{ owner: JULIET, seq: 1 }]],
      ["append", [waiting(3, JULIET)]],
    ]);
    let seq = 3;
    const append = (units: number) => {
      return call(store, "append", [{ ...waiting(++seq, JULIET), text: "x".repeat(units) }]).catch(({ kind }) => kind);
    };
    while ((await append(4000)) !== "full");
    const [crashed] = await restarted(store, path, true, limits);
    expect(await pendingSeqs(crashed, JULIET)).toEqual(Array.from({ length: seq - 2 }, (_, i) => i + 2));
    await crashed.close();
  });

  test("holds nothing of a commit that failed, also of a message that came and went with it", async () => {
    const store = overWire(createInlineStore("sqlite::memory:"));
    await store.open();
    await addAccounts(store, JULIET);
    const execute = spyOn(Connection.prototype, "execute");
    execute.mockImplementation(function (this: Connection, text: string) {
      if (text === "commit") throw new Error("Cannot commit");
      this.prepare(text).run();
    });
    const batch: StoreCall[] = [
      ["append", [waiting(1, JULIET), waiting(2, JULIET)]],
      ["settle", [{ owner: JULIET, seq: 1 }]],
    ];
    await faultOf(store.run(batch));
    execute.mockRestore();
    expect(await call(store, "pendingCount", JULIET)).toBe(0);
    await store.run(batch);
    expect(await pendingSeqs(store, JULIET)).toEqual([2]);
    await store.close();
  });

  test("goes to the tables as fast as it grows", async () => {
    const path = freshPath();
    const store = createInlineStore(`sqlite:${path}`, { journalRows: 2000 });
    await store.open();
    await addAccounts(store, JULIET);
    let seq = 0;
    for (let batch = 0; batch < 10; batch++) {
      await call(
        store,
        "append",
        Array.from({ length: 3000 }, () => waiting(++seq, JULIET)),
      );
    }
    expect(await call(store, "pendingCount", JULIET)).toBe(30_000);
    await store.close();
    expect(countRows(path, "pending")).toBe(27_000);
  });
});

test("the journal keeps to its length, though the oldest messages are short and the new ones long", async () => {
  const path = freshPath();
  const store = createInlineStore(`sqlite:${path}`, { journalUnits: 1_000_000 });
  await store.open();
  await addAccounts(store, JULIET);
  await call(
    store,
    "append",
    Array.from({ length: 8000 }, (_, i) => waiting(i + 1, JULIET)),
  );
  for (let i = 0; i < 100; i++) {
    await call(store, "append", [{ ...waiting(10_000 + i, JULIET), text: "x".repeat(50_000) }]);
  }
  expect(await call(store, "pendingCount", JULIET)).toBe(8100);
  await store.close();
  expect(figure(path, "sum(length(text))", "pending_journal")).toBeLessThan(1_200_000);
});

test.each([
  { settled: 2, taken: 0 },
  { settled: 3, taken: 10 },
])(
  "a journal in which $settled messages in ten are settled takes $taken of the next ten",
  async ({ settled, taken }) => {
    const store = createInlineStore("sqlite::memory:", { journalRows: 100 });
    await store.open();
    await addAccounts(store, JULIET);
    let seq = 0;
    const appendTen = () =>
      call(
        store,
        "append",
        Array.from({ length: 10 }, () => waiting(++seq, JULIET)),
      );
    for (let batch = 0; batch < 60; batch++) {
      await appendTen();
      const entries = Array.from({ length: settled }, (_, i) => ({ owner: JULIET, seq: seq - i }));
      await call(store, "settle", entries);
    }
    const add = spyOn(PendingJournal.prototype, "add");
    await appendTen();
    const answers = add.mock.results.map(({ value }) => value);
    add.mockRestore();
    expect(answers.filter((isTaken) => isTaken === true)).toHaveLength(taken);
    expect(await call(store, "pendingCount", JULIET)).toBe(60 * (10 - settled) + 10);
    await store.close();
  },
);

test("a segment's text tells of what it was made of", () => {
  const place = { seq: fc.maxSafeNat(), owner: fc.nat() };
  const rules = fc.option(fc.string(), { nil: undefined });
  const row = fc.record({ ...place, text: fc.string({ unit: "binary", minLength: 1 }), rules });
  fc.assert(
    fc.property(fc.array(fc.record(place)), fc.array(row), (gone, rows) => {
      expect(unpackSegment(packSegment({ gone, rows }))).toEqual({ gone, rows });
    }),
  );
});

const owner = fc.constantFrom(...OWNERS);
const seq = fc.integer({ min: 1, max: 8 });
const deadline = fc.constantFrom(undefined, undefined, undefined, 5000);
const mixed = fc.record({
  seq,
  owner,
  deadline,
  rules: fc.constantFrom(undefined, "[]", "[1]"),
  archived: fc.constantFrom(false, false, true),
});
const plain = mixed.map((row) => ({ ...row, deadline: undefined, archived: false }));

function unique(row: fc.Arbitrary<Row>): fc.Arbitrary<Row[]> {
  return fc.uniqueArray(row, { maxLength: 4, selector: ({ seq, owner }) => `${seq} ${owner}` });
}

/** As a server's own, which come in their order, or as they never should. */
const rows = fc.oneof(
  unique(plain).map((rows) => rows.sort((one, other) => one.seq - other.seq)),
  unique(mixed),
);

function write<T>(weight: number, arbitrary: fc.Arbitrary<T>) {
  return { weight, arbitrary };
}

/** Most of these find something that came not long before. */
const place = { owner, seq: fc.integer({ min: -16, max: 8 }) };
const writes: fc.Arbitrary<Write> = fc.oneof(
  write(
    8,
    fc.record({ kind: fc.constant("append" as const), rows, fails: fc.constantFrom(true, false, false, false) }),
  ),
  write(6, fc.record({ kind: fc.constant("settle" as const), ...place })),
  write(1, fc.record({ kind: fc.constant("settle and append" as const), ...place })),
  write(2, fc.record({ kind: fc.constantFrom("withdraw" as const, "pend" as const), ...place })),
  write(2, fc.record({ kind: fc.constant("rules" as const), ...place, deadline })),
  write(1, fc.record({ kind: fc.constant("remove" as const), owner })),
);

const stepArbitrary: fc.Arbitrary<Step> = fc.oneof(
  write(
    12,
    fc.record({
      kind: fc.constant("write" as const),
      write: writes,
      aborted: fc.constantFrom(true, false, false, false),
    }),
  ),
  write(1, fc.record({ kind: fc.constant("restart" as const), crash: fc.boolean() })),
  write(1, fc.record({ kind: fc.constant("look" as const), owner })),
);
