/** The step that counts what a database holds already, on one as the versions before it have left it. */
import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Connection } from "../../../store/sqlite/connection.ts";
import { createInlineStore } from "../../../store/sqlite_store.ts";
import { addAccounts, archived, archiveSeqs, call, JULIET, NURSE, ROMEO, waiting } from "../contract/harness.ts";

const folder = mkdtempSync(join(tmpdir(), "ampact-usage-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** Takes back what the step has made. */
function asBefore(path: string): void {
  const connection = new Connection({ path });
  try {
    connection.execute("drop table usage");
    connection.execute("delete from meta where key = 'usageSeq'");
    connection.execute("delete from kysely_migration where name = '0003_usage'");
  } finally {
    connection.close();
  }
}

test("what an older version has stored is counted once, and what comes then is added", async () => {
  const path = join(folder, "old.db");
  let store = createInlineStore(`sqlite:${path}`);
  await store.open();
  await addAccounts(store, ROMEO, JULIET, NURSE);
  const item = { id: "item", publisher: ROMEO, text: "\u00e9\u00e9", at: 1 };
  await store.run([
    ["append", [archived(1, "\u00e9"), archived(2, "four"), waiting(3, JULIET)]],
    ["trimArchive", JULIET, 1],
    ["putDocument", ROMEO, "private", "key", "\u00e9"],
    ["putPubsubNode", ROMEO, "node", "{}"],
    ["putPubsubItem", ROMEO, "node", item, 5],
  ]);
  await store.close();
  asBefore(path);

  store = createInlineStore(`sqlite:${path}`, { accountBytes: 40 });
  await store.open();
  expect(await call(store, "usage", ROMEO)).toEqual({ archive: 6, kept: 5 + 6 + 8 });
  expect(await call(store, "usage", JULIET)).toEqual({ archive: 4, kept: 0 });
  expect(await call(store, "usage", NURSE)).toEqual({ archive: 0, kept: 0 });
  expect(await call(store, "append", [archived(4, "x".repeat(18))])).toEqual([ROMEO]);
  expect(await archiveSeqs(store, ROMEO)).toEqual([4]);
  await store.close();

  store = createInlineStore(`sqlite:${path}`);
  await store.open();
  expect(await call(store, "usage", ROMEO)).toEqual({ archive: 18, kept: 19 });
  expect(await call(store, "usage", JULIET)).toEqual({ archive: 22, kept: 0 });
  await store.close();
});
