import { afterAll, describe, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Connection } from "../../../store/sqlite/connection.ts";
import { createInlineStore, createSqliteStore } from "../../../store/sqlite_store.ts";
import { StoreFault } from "../../../store/store.ts";
import {
  addAccounts,
  archived,
  archiveSeqs,
  call,
  faultOf,
  JULIET,
  pendingSeqs,
  ROMEO,
  waiting,
} from "../../../testing/store/harness.ts";

const folder = mkdtempSync(join(tmpdir(), "ampact-engine-"));
afterAll(() => rmSync(folder, { recursive: true }));

let made = 0;
const freshPath = () => join(folder, `${++made}.db`);

describe("a batch that cannot be committed", () => {
  test("leaves nothing where the database is full, and the store goes on", async () => {
    const store = createInlineStore("sqlite::memory:", { maxPages: 60 });
    await store.open();
    await addAccounts(store, ROMEO, JULIET);
    const big = waiting(2, JULIET);
    const fault = await faultOf(
      store.run([
        ["append", archived(1)],
        ["append", [{ ...big, text: "x".repeat(400_000) }]],
      ]),
    );
    expect(fault.kind).toBe("full");
    expect(await archiveSeqs(store, ROMEO)).toEqual([]);
    expect(await pendingSeqs(store, JULIET)).toEqual([]);
    await call(store, "append", archived(1));
    expect(await archiveSeqs(store, ROMEO)).toEqual([1]);
    await store.close();
  });

  test("leaves nothing where the commit fails", async () => {
    const store = createInlineStore("sqlite::memory:");
    await store.open();
    await addAccounts(store, ROMEO, JULIET);
    const execute = Connection.prototype.execute;
    Connection.prototype.execute = function (text) {
      if (text === "commit") throw Object.assign(new Error("disk I/O error"), { errcode: 10 });
      execute.call(this, text);
    };
    try {
      const fault = await faultOf(store.run([["append", [...archived(5), waiting(6, JULIET)]]]));
      expect([fault.kind, fault.message]).toEqual(["failed", "Cannot commit a batch: disk I/O error"]);
    } finally {
      Connection.prototype.execute = execute;
    }
    expect(await archiveSeqs(store, ROMEO)).toEqual([]);
    expect(await pendingSeqs(store, JULIET)).toEqual([]);
    await call(store, "append", archived(5));
    expect(await archiveSeqs(store, ROMEO)).toEqual([5]);
    await store.close();
  });

  test("leaves no timeline, no step and no outcome, and what comes next knows nothing of them", async () => {
    const store = createInlineStore("sqlite::memory:", { maxPages: 80 });
    await store.open();
    await addAccounts(store, JULIET);
    const open = (id: string) => ["openTimeline", { id, from: ROMEO, to: JULIET, at: 1 }] as const;
    const note = (timeline: string, kind: string, settles?: string) =>
      ["noteSteps", [{ timeline, at: 1, kind, settles }]] as const;
    await store.run([open("a"), note("a", "accepted")]);
    const tooBig = { ...waiting(2, JULIET), text: "x".repeat(400_000) };
    const batch = [open("b"), note("b", "accepted"), note("a", "settled", "none"), ["append", [tooBig]]] as const;
    expect((await faultOf(store.run(batch))).kind).toBe("full");
    const replies = await store.run([note("b", "offered"), open("c"), note("c", "accepted"), note("a", "offered")]);
    expect(replies.map((reply) => "value" in reply && reply.value)).toEqual([
      undefined,
      undefined,
      undefined,
      undefined,
    ]);
    const steps = await call(store, "stepsAfter", 0, 9);
    expect(steps.map(({ timeline, kind }) => `${timeline} ${kind}`)).toEqual(["a accepted", "c accepted", "a offered"]);
    expect((await call(store, "timeline", "a"))?.settled).toBeUndefined();
    expect(await call(store, "timeline", "b")).toBeUndefined();
    await store.close();
  });
});

describe.each([
  ["inline", createInlineStore],
  ["on a worker", createSqliteStore],
] as const)("open() %s", (_, create) => {
  test("tells of a file that is no database, and leaves it alone", async () => {
    const path = freshPath();
    writeFileSync(path, "no database".repeat(1000));
    const fault = await faultOf(create(`sqlite:${path}`).open());
    expect(fault.kind).toBe("damaged");
    expect(fault.message).toContain(path);
    expect(fault.message).toContain("restore it from a backup");
    expect(readFileSync(path, "utf8")).toBe("no database".repeat(1000));
  });

  test("tells of a database that another store has open", async () => {
    const path = freshPath();
    const first = create(`sqlite:${path}`);
    await first.open();
    const second = create(`sqlite:${path}`, { busyTimeout: 10 });
    const fault = await faultOf(second.open());
    expect([fault.kind, fault.message]).toEqual(["busy", expect.stringContaining("another process has it open")]);
    await first.close();
    await second.open();
    await second.close();
  });

  test("tells of a path that cannot be", async () => {
    const path = join(freshPath(), "under-a-file.db");
    writeFileSync(join(path, ".."), "");
    const fault = await faultOf(create(`sqlite:${path}`).open());
    expect([fault.kind, fault.message]).toEqual(["failed", expect.stringContaining(path)]);
  });

  test("refuses a database that a newer version has changed", async () => {
    const path = freshPath();
    const connection = new Connection({ path });
    connection.execute("create table kysely_migration (name text primary key, timestamp text not null)");
    connection.execute("insert into kysely_migration values ('9999_later', '')");
    connection.close();
    const fault = await faultOf(create(`sqlite:${path}`).open());
    expect([fault.kind, fault.message]).toEqual(["failed", expect.stringContaining("a newer version")]);
  });
});

test.each(["postgres://x", "sqlite:", ""])("a URL of another form is refused: %p", (url) => {
  expect(() => createSqliteStore(url)).toThrow(StoreFault);
  expect(() => createInlineStore(url)).toThrow(StoreFault);
});
