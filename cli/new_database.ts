import { statSync } from "node:fs";
import { resolve } from "node:path";
import { databaseFile } from "../store/sqlite_store.ts";

/** The path of the missing database of that URL; undefined when it exists, or when the store is in memory. */
export function newDatabase(url: string): string | undefined {
  const file = databaseFile(url);
  return file === undefined || !isMissing(file) ? undefined : resolve(file);
}

function isMissing(file: string): boolean {
  try {
    return statSync(file, { throwIfNoEntry: false }) === undefined;
  } catch {
    // The folder cannot be read; opening the database reports why.
    return false;
  }
}
