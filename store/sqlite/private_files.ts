/** A database holds what people write and the keys of their passwords: nobody but the server's user may read it. @module */
import { chmodSync, closeSync, mkdirSync, openSync, statSync } from "node:fs";
import { dirname } from "node:path";

const FOLDER_MODE = 0o700;
const FILE_MODE = 0o600;
const OTHERS = 0o077;

/** Makes the folder and an empty file where they are missing. SQLite gives its log the mode of the database. Throws node:fs's errors. */
export function createPrivately(path: string): void {
  mkdirSync(dirname(path), { recursive: true, mode: FOLDER_MODE });
  closeSync(openSync(path, "a", FILE_MODE));
}

/** Takes the rights of others from the database and its logs, where there are any. Gives the files that had some. Throws node:fs's errors. */
export function narrowDatabase(path: string): readonly string[] {
  return narrowFiles(["", "-wal", "-shm"].map((end) => path + end));
}

/** The same for files by name; those that are missing are left out. */
export function narrowFiles(paths: readonly string[]): readonly string[] {
  return paths.filter((path) => narrow(path, FILE_MODE));
}

/** The same for a folder. */
export function narrowFolder(path: string): boolean {
  return narrow(path, FOLDER_MODE);
}

function narrow(path: string, mode: number): boolean {
  const found = statSync(path, { throwIfNoEntry: false });
  // Windows knows no such modes, and tells some all the same.
  if (found === undefined || process.platform === "win32" || (found.mode & OTHERS) === 0) return false;
  chmodSync(path, found.mode & mode);
  return true;
}
