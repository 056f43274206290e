/** Looks at a database's files past the store. @module */
import { copyFileSync, existsSync } from "node:fs";
import { Connection } from "../../../store/sqlite/connection.ts";

/** Makes `copy` of a database file and its log as they are at this moment, which is what a crash would leave. */
export function copyAsAfterCrash(path: string, copy: string): void {
  for (const end of ["", "-wal"]) if (existsSync(path + end)) copyFileSync(path + end, copy + end);
}

/** The number that an SQL expression over a table's rows gives, in the database in that file, which no store has open. */
export function figure(path: string, expression: string, table: string): number {
  const connection = new Connection({ path });
  try {
    return Number(connection.all(`select ${expression} as figure from ${table}`, [])[0]!.figure);
  } finally {
    connection.close();
  }
}

/** How many rows a table has; see figure(). */
export function countRows(path: string, table: string): number {
  return figure(path, "count(*)", table);
}
