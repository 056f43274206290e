import { afterEach, beforeEach, expect, test } from "bun:test";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createServer } from "../../server/create_server.ts";
import type { Log } from "../../xmpp/log.ts";

let folder = "";
let usual = 0;

beforeEach(() => {
  usual = process.umask(0o022);
  folder = join(mkdtempSync(join(tmpdir(), "ampact-modes-")), "data");
});

afterEach(() => {
  process.umask(usual);
  rmSync(join(folder, ".."), { recursive: true });
});

const modeOf = (path: string) => (statSync(path).mode & 0o777).toString(8);

/** The modes while a server runs, and what its log says of them. */
async function serve(): Promise<[modes: Record<string, string>, narrowed: unknown[]]> {
  const narrowed: unknown[] = [];
  const warn: Log["warn"] = (message, fields) => {
    if (message === "file mode restricted") narrowed.push(fields?.path);
  };
  const log: Log = { debug() {}, info() {}, error() {}, warn };
  const server = createServer({ dataDir: folder, log });
  await server.start();
  try {
    await server.accounts.add("juliet@localhost", "secret");
    const files = { database: "ampact.db", log: "ampact.db-wal" };
    const modes = Object.entries(files).map(([what, name]) => [what, modeOf(join(folder, name))]);
    return [{ folder: modeOf(folder), ...Object.fromEntries(modes) }, narrowed];
  } finally {
    await server.stop();
  }
}

test("a variable that is no setting is told of, without its value, and stops nobody", async () => {
  const told: unknown[] = [];
  const log: Log = { debug() {}, info() {}, error() {}, warn: (message, fields) => told.push([message, fields]) };
  const server = createServer({ store: "sqlite::memory:", dataDir: folder, env: { AMPACT_TOKEN: "hunter2" }, log });
  await server.start();
  await server.stop();
  expect(told).toEqual([["unknown variable", { name: "AMPACT_TOKEN" }]]);
});

const PRIVATE = { folder: "700", database: "600", log: "600" };

test("nobody else may read the folder and the database that a server makes, whatever the umask", async () => {
  expect(await serve()).toEqual([PRIVATE, []]);
});

test("what others could read they cannot read any more, and the log tells", async () => {
  mkdirSync(folder);
  chmodSync(folder, 0o755);
  writeFileSync(join(folder, "ampact.db"), "", { mode: 0o644 });
  expect(await serve()).toEqual([PRIVATE, [folder, join(folder, "ampact.db")]]);
});

test("neither can they read keys that somebody has copied there with wider modes", async () => {
  await serve();
  const keys = ["ampact.db.key", "selfsigned-key.pem"].map((name) => join(folder, name));
  writeFileSync(keys[1]!, "");
  for (const key of keys) chmodSync(key, 0o644);
  const [, narrowed] = await serve();
  expect(narrowed).toEqual(keys);
  expect(keys.map(modeOf)).toEqual(["600", "600"]);
});
