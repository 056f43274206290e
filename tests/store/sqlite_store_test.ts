import { afterAll } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInlineStore, createSqliteStore } from "../../store/sqlite_store.ts";
import { storeContract } from "./store_contract.ts";

const folder = mkdtempSync(join(tmpdir(), "ampact-store-"));
afterAll(() => rmSync(folder, { recursive: true }));

const FEW = { unindexedRows: 5 };

let made = 0;
function freshUrl(): string {
  return `sqlite:${join(folder, "new", `${++made}.db`)}`;
}

storeContract("inline, in memory", async () => createInlineStore("sqlite::memory:"), { durable: false });
// So that most rows are indexed, in many small passes.
storeContract("inline, in memory, with few rows not indexed", async () => createInlineStore("sqlite::memory:", FEW), {
  durable: false,
});
storeContract("inline, in a file", async () => createInlineStore(freshUrl()), { durable: true });
storeContract("on a worker, in memory", async () => createSqliteStore("sqlite::memory:"), { durable: false });
storeContract("on a worker, in a file", async () => createSqliteStore(freshUrl()), { durable: true });
