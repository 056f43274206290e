import { afterAll, describe, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Connection } from "../../../store/sqlite/connection.ts";
import { createInlineStore, createSqliteStore } from "../../../store/sqlite_store.ts";
import type { Credentials, Store } from "../../../store/store.ts";
import { call, faultOf, JULIET, ROMEO } from "../../../testing/store/harness.ts";
import fixture from "./fixtures/before_one_log.json";

const folder = mkdtempSync(join(tmpdir(), "ampact-seal-"));
afterAll(() => rmSync(folder, { recursive: true }));

let made = 0;
const freshPath = () => join(folder, `${++made}.db`);

const KEYS: Credentials = { "SHA-256": { salt: "c2FsdA==", iterations: 1, storedKey: "STOREDKEY", serverKey: "x" } };
const TOKEN = '{"current":{"token":"THETOKEN"}}';

/** Writes an account with a token and some other document. */
async function fill(store: Store, account = JULIET): Promise<void> {
  await call(store, "createAccount", account, KEYS, 1);
  await call(store, "putDocument", account, "fast", "phone", TOKEN);
  await call(store, "putDocument", account, "private", "x", "<x/>");
}

async function read(store: Store, account = JULIET): Promise<unknown[]> {
  return [
    await call(store, "credentials", account),
    await call(store, "document", account, "fast", "phone"),
    await call(store, "documents", account, "fast"),
    await call(store, "document", account, "private", "x"),
  ];
}

const FILLED = [KEYS, TOKEN, [{ key: "phone", text: TOKEN }], "<x/>"];

/** All that a thief of the database has. */
function bytes(path: string): string {
  return readFileSync(path, "latin1");
}

describe.each([
  ["inline", createInlineStore],
  ["on a worker", createSqliteStore],
] as const)("a store with a key file, %s", (_, create) => {
  test("keeps neither keys of passwords nor tokens readable in the database", async () => {
    const path = freshPath();
    const keyFile = `${path}.key`;
    const store = create(`sqlite:${path}`, { keyFile });
    await store.open();
    await fill(store);
    expect(await read(store)).toEqual(FILLED);
    await store.close();
    expect(bytes(path)).not.toMatch(/STOREDKEY|THETOKEN/);
    expect(statSync(keyFile).mode & 0o777).toBe(0o600);
    const again = create(`sqlite:${path}`, { keyFile });
    await again.open();
    expect(await read(again)).toEqual(FILLED);
    await again.close();
  });

  test("seals what a database from before holds, and leaves no trace of it", async () => {
    const path = freshPath();
    const before = create(`sqlite:${path}`);
    await before.open();
    await fill(before);
    await before.close();
    for (const secret of ["STOREDKEY", "THETOKEN"]) expect(bytes(path)).toContain(secret);
    const store = create(`sqlite:${path}`, { keyFile: `${path}.key` });
    await store.open();
    expect(await read(store)).toEqual(FILLED);
    await store.close();
    expect(bytes(path)).not.toMatch(/STOREDKEY|THETOKEN/);
  });

  test("leaves no trace either of what a migration moves", async () => {
    const path = freshPath();
    const before = new Connection({ path });
    for (const statement of fixture.statements) before.execute(statement);
    before.prepare("update account set credentials = ?").run(JSON.stringify(KEYS));
    before.close();
    expect(bytes(path)).toContain("STOREDKEY");
    const store = create(`sqlite:${path}`, { keyFile: `${path}.key` });
    await store.open();
    expect(await call(store, "credentials", JULIET)).toEqual(KEYS);
    await store.close();
    expect(bytes(path)).not.toContain("STOREDKEY");
  });

  test("counts what it seals later as long as it is then", async () => {
    const path = freshPath();
    const before = create(`sqlite:${path}`);
    await before.open();
    await call(before, "createAccount", JULIET, KEYS, 1);
    await call(before, "putDocument", JULIET, "fast", "phone", TOKEN);
    await before.close();
    const store = create(`sqlite:${path}`, { keyFile: `${path}.key` });
    await store.open();
    await call(store, "removeDocument", JULIET, "fast", "phone");
    expect(await call(store, "usage", JULIET)).toMatchObject({ kept: 0 });
    await store.close();
  });

  test.each([
    ["is missing", (file: string) => rmSync(file), "is missing"],
    ["is another one", (file: string) => writeFileSync(file, Buffer.alloc(32).toString("base64")), "is not the one of"],
    ["is no key", (file: string) => writeFileSync(file, "abc"), "holds no key"],
  ])("does not open where the key %s", async (_state, spoil, told) => {
    const path = freshPath();
    const keyFile = `${path}.key`;
    const store = create(`sqlite:${path}`, { keyFile });
    await store.open();
    await store.close();
    spoil(keyFile);
    expect((await faultOf(create(`sqlite:${path}`, { keyFile }).open())).message).toContain(told);
    expect((await faultOf(create(`sqlite:${path}`).open())).message).toContain("no key file is given");
  });
});

test("what was sealed for one account does not open for another", async () => {
  const path = freshPath();
  const options = { keyFile: `${path}.key` };
  const store = createInlineStore(`sqlite:${path}`, options);
  await store.open();
  await fill(store);
  await fill(store, ROMEO);
  await store.close();
  const thief = new Connection({ path });
  const [juliet] = thief.all("select credentials from account join owner on owner.id = account.id where jid = ?", [
    JULIET,
  ]);
  thief
    .prepare("update account set credentials = ? where id = (select id from owner where jid = ?)")
    .run(String(juliet?.credentials), ROMEO);
  thief.close();
  const swapped = createInlineStore(`sqlite:${path}`, options);
  await swapped.open();
  expect(await call(swapped, "credentials", JULIET)).toEqual(KEYS);
  await faultOf(call(swapped, "credentials", ROMEO));
  await swapped.close();
});
