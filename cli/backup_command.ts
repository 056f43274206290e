/**
 * `backup FILE`. Beside a running server this process copies the database file, which the server holds, and its log: the server
 * goes on, and neither waits for the other.
 * @module
 */
import { existsSync } from "node:fs";
import { rename, rm, stat } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { type AmpactServer, createServer } from "../server/create_server.ts";
import { copyClosed, joinLog } from "../store/sqlite/database_copy.ts";
import { databaseFile } from "../store/sqlite_store.ts";
import { AccountError } from "./account_error.ts";
import type { CopyRequest, HoldRequest } from "./command_line.ts";
import { configSources } from "./config_sources.ts";
import { askRunningServer } from "./control_socket.ts";
import { copyFile, flush, Progress } from "./copy_file.ts";

/** Well within the time for which the server holds the file. */
const KEEP_MS = 5000;

/** The lines to print. Throws AccountError, ConfigError, StoreFault. */
export async function runBackupCommand({ file, force }: CopyRequest): Promise<readonly string[]> {
  const { config } = createServer(configSources());
  const target = resolve(file);
  if (existsSync(target) && !force) throw new AccountError(`Cannot back up to ${target}: it exists (see --force)`);
  const part = `${target}.part`;
  await removeParts(part);
  const progress = new Progress();
  try {
    const held = await askRunningServer(config.dataDir, { kind: "backup begin" });
    const from = held?.[1] ?? closedDatabase(config.store.url);
    if (target === resolve(from)) throw new AccountError(`Cannot back up to ${target}: it is the database itself`);
    if (held === undefined) copyClosed(from, part);
    else await copyHeld(config.dataDir, held[0]!, from, part, progress);
    progress.tell("checking the copy");
    joinLog(part);
    await flush(part);
    await rename(part, target);
    await flush(dirname(target));
    const note = held === undefined ? "no server runs here; opened" : "the running server's";
    return [
      `Backed up ${from} (${note}) to ${target}: ${(await stat(target)).size} bytes, checked`,
      `The key file ${resolve(config.store.keyFile)} is not in it: keep a copy of that elsewhere`,
    ];
  } finally {
    progress.end();
    await removeParts(part);
  }
}

/** Carries out a step on a started server. */
export async function runHoldRequest({ backups }: AmpactServer, request: HoldRequest): Promise<readonly string[]> {
  if (request.kind === "backup begin") {
    const { id, path } = await backups.begin();
    return [id, path];
  }
  const isHeld = request.kind === "backup keep" ? backups.keep(request.id) : await backups.end(request.id);
  return [String(isHeld)];
}

async function copyHeld(dataDir: string, id: string, from: string, to: string, progress: Progress): Promise<void> {
  let isHeld = true;
  const keep = async () => {
    const answer = await askRunningServer(dataDir, { kind: "backup keep", id });
    if (answer?.[0] !== "true") isHeld = false;
  };
  const lost = () => {
    isHeld = false;
  };
  const timer = setInterval(() => void keep().catch(lost), KEEP_MS);
  try {
    await copyFile(from, to, progress);
    if (existsSync(`${from}-wal`)) await copyFile(`${from}-wal`, `${to}-wal`, progress);
  } finally {
    clearInterval(timer);
    const answer = await askRunningServer(dataDir, { kind: "backup end", id });
    if (answer?.[0] !== "true") isHeld = false;
  }
  if (!isHeld) throw new AccountError(`Cannot back up ${from}: the server stopped or changed it meanwhile (try again)`);
}

function closedDatabase(url: string): string {
  const from = databaseFile(url);
  if (from === undefined)
    throw new AccountError("Cannot back up: the store is in memory, and no server runs that has one");
  if (!existsSync(from)) throw new AccountError(`Cannot back up: there is no database at ${resolve(from)}`);
  return resolve(from);
}

async function removeParts(part: string): Promise<void> {
  for (const end of ["", "-wal", "-shm", "-journal"]) await rm(part + end, { force: true });
}
