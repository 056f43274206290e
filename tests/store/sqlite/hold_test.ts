import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInlineStore, createSqliteStore } from "../../../store/sqlite_store.ts";
import type { Store } from "../../../store/store.ts";

let folder = "";

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "ampact-hold-"));
});

afterEach(() => rmSync(folder, { recursive: true }));

/** More than the log holds before it is written back. */
async function writeMuch(store: Store): Promise<void> {
  for (let count = 0; count < 45; count++)
    await store.run([["putDocument", "a@b", "vcard", "", "x".repeat(1_000_000)]]);
}

test.each([
  ["inline", createInlineStore],
  ["on a worker", createSqliteStore],
])("%s: a held file stays as it is while the log grows, and is written again afterwards", async (_, make) => {
  const path = join(folder, "a.db");
  const store = make(`sqlite:${path}`);
  await store.open();
  const credentials = { salt: "", iterations: 1, storedKey: "", serverKey: "" };
  await store.run([["createAccount", "a@b", credentials as never, 1]]);
  expect(await store.hold!(true)).toBe(false);
  expect(statSync(`${path}-wal`).size).toBe(0);
  const before = readFileSync(path);
  await writeMuch(store);
  expect(readFileSync(path).equals(before)).toBe(true);
  expect(statSync(`${path}-wal`).size).toBeGreaterThan(40_000_000);
  expect(await store.hold!(true)).toBe(true);
  expect(await store.hold!(false)).toBe(true);
  await store.run([["putDocument", "a@b", "vcard", "", "y"]]);
  expect(readFileSync(path).equals(before)).toBe(false);
  expect(await store.hold!(false)).toBe(false);
  await store.close();
});
