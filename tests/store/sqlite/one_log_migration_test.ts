/**
 * The step to one log, on what the version before it has left at a crash: messages in its tables, in its journal, and in
 * archives that are only partly indexed. fixtures/before_one_log.json has the statements that make that database, and what
 * that version told of it.
 */
import { afterAll, expect, test } from "bun:test";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Connection } from "../../../store/sqlite/connection.ts";
import { createInlineStore } from "../../../store/sqlite_store.ts";
import type { Store } from "../../../store/store.ts";
import {
  addAccounts,
  archived,
  archiveSeqs,
  call,
  JULIET,
  NURSE,
  pendingSeqs,
  ROMEO,
} from "../../../testing/store/harness.ts";
import { countRows } from "./database_file.ts";
import fixture from "./fixtures/before_one_log.json";

const GATEWAY = "gateway.example";
const SHOP = `shop@${GATEWAY}`;

const folder = mkdtempSync(join(tmpdir(), "ampact-migration-"));
afterAll(() => rmSync(folder, { recursive: true }));

let made = 0;

function execute(path: string, statements: readonly string[]): void {
  const connection = new Connection({ path });
  try {
    for (const statement of statements) connection.execute(statement);
  } finally {
    connection.close();
  }
}

function filled(): string {
  const path = join(folder, `${++made}.db`);
  execute(path, fixture.statements);
  return path;
}

async function opened(path: string): Promise<Store> {
  const store = createInlineStore(`sqlite:${path}`);
  await store.open();
  return store;
}

/** As the version before told it, but for a gateway, which was an account. */
async function expectAsBefore(store: Store): Promise<void> {
  for (const account of [ROMEO, JULIET, NURSE] as const) {
    const before = fixture.state[account];
    const user = await call(store, "user", account);
    expect(JSON.parse(JSON.stringify(user))).toEqual(before.user);
    const pending = await call(store, "pending", account, 0, 99);
    expect(JSON.parse(JSON.stringify(pending))).toEqual(before.pending);
    const page = await call(store, "archive", { owner: account, take: "first", limit: 99 });
    expect(page.messages).toEqual(before.archive);
  }
  const pending = await call(store, "pending", GATEWAY, 0, 99);
  expect(JSON.parse(JSON.stringify(pending))).toEqual(fixture.state[GATEWAY].pending);
  expect(await call(store, "user", GATEWAY)).toBeUndefined();
  expect(await call(store, "accounts", "", 9)).toEqual([JULIET, NURSE, ROMEO]);
  expect(await call(store, "due", 1e9, 99)).toEqual(fixture.state.due);
  expect(await call(store, "credentials", ROMEO)).toEqual(fixture.state.credentials);
  const byPeer = await call(store, "archive", { owner: ROMEO, peer: SHOP, take: "first", limit: 9, count: true });
  expect(byPeer).toEqual(fixture.state.peer);
  expect(await call(store, "document", ROMEO, "private", "key")).toBe("<x/>");
  expect(await call(store, "pubsubItem", ROMEO, "node", "1")).toMatchObject({ text: "<a/>" });
  expect(await call(store, "stream", "s")).toMatchObject({ account: ROMEO, h: 4 });
}

function bytesOf(messages: readonly { readonly text: string }[]): number {
  return messages.reduce((sum, { text }) => sum + Buffer.byteLength(text), 0);
}

test("the fixture has rows in every place, and archives that are partly indexed", () => {
  const path = filled();
  for (const table of ["message", "pending", "pending_journal"]) expect(countRows(path, table)).toBeGreaterThan(2);
  expect(countRows(path, "archive_index")).toBeLessThan(countRows(path, "archive"));
});

test("everything is there after the step, and all bytes are counted", async () => {
  const path = filled();
  const store = await opened(path);
  await expectAsBefore(store);
  expect(await call(store, "usage", ROMEO)).toEqual({ archive: bytesOf(fixture.state[ROMEO].archive), kept: 18 });
  expect(await call(store, "usage", JULIET)).toEqual({ archive: bytesOf(fixture.state[JULIET].archive), kept: 0 });

  // It goes on: with new messages, with what waited, and with an account that goes.
  await call(store, "append", archived(1001));
  expect((await archiveSeqs(store, ROMEO)).at(-1)).toBe(1001);
  const waited = fixture.state[JULIET].pending.map(({ seq }) => ({ owner: JULIET, seq }));
  await call(store, "settle", waited);
  expect(await pendingSeqs(store, JULIET)).toEqual([]);
  expect(await archiveSeqs(store, JULIET)).toEqual([...fixture.state[JULIET].archive.map(({ seq }) => seq), 1001]);
  await call(store, "removeAccount", ROMEO);
  await addAccounts(store, ROMEO);
  expect(await call(store, "user", ROMEO)).toMatchObject({ roster: [], hasPending: false });
  expect(await call(store, "document", ROMEO, "private", "key")).toBeUndefined();
  expect(await call(store, "usage", ROMEO)).toEqual({ archive: 0, kept: 0 });
  await store.close();
});

test("from the first version too, which had no journal", async () => {
  const path = filled();
  execute(path, ["drop table pending_journal", "delete from kysely_migration where name = '0002_pending_journal'"]);
  const store = await opened(path);
  const inTables = await call(store, "pending", JULIET, 0, 99);
  const had = new Set(fixture.state[JULIET].pending.map(({ seq }) => seq));
  expect(inTables.length).toBeGreaterThan(0);
  for (const { seq } of inTables) expect(had).toContain(seq);
  expect(await archiveSeqs(store, JULIET)).toEqual(fixture.state[JULIET].archive.map(({ seq }) => seq));
  await store.close();
});

test("from the version that counted bytes, whose numbers were behind those of the archives", async () => {
  const path = filled();
  execute(path, [
    `create table usage (
      owner_id integer primary key references account (id) on delete cascade,
      archive integer not null,
      kept integer not null
    ) strict`,
    "insert into usage select id, 5, 9 from account",
    "insert into meta values ('usageSeq', '2')",
    "insert into kysely_migration values ('0003_usage', '')",
  ]);
  await (await opened(path)).close();
  const archive = bytesOf(fixture.state[ROMEO].archive);
  const store = createInlineStore(`sqlite:${path}`, { accountBytes: archive + 200 });
  await store.open();
  expect(await call(store, "usage", ROMEO)).toEqual({ archive, kept: 9 });
  expect(await call(store, "usage", NURSE)).toEqual({ archive: 0, kept: 9 });
  expect(await call(store, "append", archived(1001, { text: "x".repeat(200) }))).toEqual([ROMEO]);
  expect((await archiveSeqs(store, ROMEO))[0]).toBeGreaterThan(fixture.state[ROMEO].archive[0]!.seq);
  await store.close();
});

test.each(["create table log", "create unique index log_place", "drop table archive_index", "drop table message"])(
  "SIGKILL at %p leaves the database as it was, and the next start begins the step again",
  async (statement) => {
    const path = filled();
    const program = join(import.meta.dir, "killed_at_statement.ts");
    const child = spawn(process.execPath, [program, path, statement], { stdio: "inherit" });
    await once(child, "exit");
    expect(child.signalCode).toBe("SIGKILL");
    expect(countRows(path, "message")).toBeGreaterThan(0);
    const store = await opened(path);
    await expectAsBefore(store);
    await store.close();
  },
);
