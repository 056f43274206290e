import { statSync } from "node:fs";
import { resolve } from "node:path";
import { databaseFile } from "../store/sqlite_store.ts";

/** Where the database of that URL would be made, since there is none; undefined where there is one, or none is kept. */
export function newDatabase(url: string): string | undefined {
  const file = databaseFile(url);
  return file === undefined || !isMissing(file) ? undefined : resolve(file);
}

function isMissing(file: string): boolean {
  try {
    return statSync(file, { throwIfNoEntry: false }) === undefined;
  } catch {
    // It may not even be looked for: whoever opens it is told why.
    return false;
  }
}
