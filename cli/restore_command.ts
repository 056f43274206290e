/** `restore FILE`: makes a backup the database of a server that does not run. @module */
import { existsSync } from "node:fs";
import { rename, rm } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { createServer } from "../server/create_server.ts";
import { checkCopy, closeLog } from "../store/sqlite/database_copy.ts";
import { createPrivately } from "../store/sqlite/private_files.ts";
import { databaseFile } from "../store/sqlite_store.ts";
import { AccountError } from "./account_error.ts";
import type { CopyRequest } from "./command_line.ts";
import { configSources } from "./config_sources.ts";
import { isServerRunning } from "./control_socket.ts";
import { copyFile, flush, Progress } from "./copy_file.ts";

/** The lines to print. Throws AccountError, ConfigError, StoreFault. */
export async function runRestoreCommand({ file, force }: CopyRequest): Promise<readonly string[]> {
  const { config } = createServer(configSources());
  const path = databaseFile(config.store.url);
  if (path === undefined) throw new AccountError("Cannot restore: the store is in memory");
  const target = resolve(path);
  if (await isServerRunning(config.dataDir))
    throw new AccountError("Cannot restore: a server runs here (stop it first)");
  const isThere = existsSync(target);
  if (isThere && !force) throw new AccountError(`Cannot restore: there is a database at ${target} (see --force)`);
  const part = `${target}.part`;
  await rm(part, { force: true });
  const progress = new Progress();
  try {
    // Makes the folder for this user alone.
    createPrivately(part);
    await rm(part);
    await copyFile(existing(file), part, progress);
    progress.tell("checking the copy");
    checkCopy(part, resolve(file));
    const aside = isThere ? await moveAside(target) : undefined;
    await rename(part, target);
    await flush(dirname(target));
    return [
      `Restored ${target} from ${resolve(file)}, checked`,
      ...(aside === undefined ? [] : [`The database that was there is now ${aside}`]),
      ...keyNote(resolve(config.store.keyFile)),
    ];
  } finally {
    progress.end();
    await rm(part, { force: true });
  }
}

function existing(file: string): string {
  const path = resolve(file);
  if (!existsSync(path)) throw new AccountError(`Cannot restore: there is no file ${path}`);
  if (!existsSync(`${path}-wal`)) return path;
  throw new AccountError(
    `Cannot restore ${path}: it has a log beside it, so a server uses it, or has not ended in order`,
  );
}

/** With its log, which would be taken for that of the new one. Throws StoreFault when another process has it open. */
async function moveAside(target: string): Promise<string> {
  closeLog(target);
  const aside = freeName(`${target}.replaced`);
  for (const end of ["-wal", "-shm", ""]) if (existsSync(target + end)) await rename(target + end, aside + end);
  return aside;
}

function freeName(name: string): string {
  for (let count = 1; ; count++) {
    const free = count === 1 ? name : `${name}.${count}`;
    if (!existsSync(free)) return free;
  }
}

function keyNote(keyFile: string): readonly string[] {
  return existsSync(keyFile) ? [] : [`The key file ${keyFile} is missing: put it there, or the server does not start`];
}
