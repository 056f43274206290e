import { afterAll } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInlineStore, createSqliteStore, type SqliteLimits } from "../../store/sqlite_store.ts";
import type { Store } from "../../store/store.ts";
import { storeContract } from "../../testing/mod.ts";

const folder = mkdtempSync(join(tmpdir(), "ampact-store-"));
afterAll(() => rmSync(folder, { recursive: true }));

const FEW = { unindexedRows: 5 };

let made = 0;
function freshUrl(): string {
  return `sqlite:${join(folder, "new", `${++made}.db`)}`;
}

const inMemory = (limits: SqliteLimits) => createInlineStore("sqlite::memory:", limits);
const inFile = (limits: SqliteLimits) => createInlineStore(freshUrl(), limits);
const onWorker = (limits: SqliteLimits) => createSqliteStore("sqlite::memory:", limits);
const onWorkerInFile = (limits: SqliteLimits) => createSqliteStore(freshUrl(), limits);

function contractOf(name: string, make: (limits: SqliteLimits) => Store, durable: boolean): void {
  const withQuota = async (accountBytes: number) => make({ accountBytes });
  storeContract(name, async () => make({}), { durable, withQuota });
}

contractOf("inline, in memory", inMemory, false);
// So that most rows have passed (log_pass.ts), in many small passes.
contractOf("inline, in memory, with few rows not indexed", (limits) => inMemory({ ...limits, ...FEW }), false);
contractOf("inline, in a file", inFile, true);
contractOf("on a worker, in memory", onWorker, false);
contractOf("on a worker, in a file", onWorkerInFile, true);
