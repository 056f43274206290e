import { copyFileSync, existsSync } from "node:fs";

/** Makes `copy` of a database file and its log as they are at this moment, which is what a crash would leave. */
export function copyAsAfterCrash(path: string, copy: string): void {
  for (const end of ["", "-wal"]) if (existsSync(path + end)) copyFileSync(path + end, copy + end);
}
