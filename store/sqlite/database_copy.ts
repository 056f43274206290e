/** Copies of a database for backups, outside of a server. Each throws StoreFault. @module */
import { existsSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { StoreFault } from "../store.ts";
import { isKnownStep } from "./migrations.ts";
import { createPrivately } from "./private_files.ts";
import { openFault } from "./sqlite_fault.ts";

/** A copy in one file of a database that no process has open. */
export function copyClosed(from: string, to: string): void {
  withDatabase(from, from, (database) => {
    createPrivately(to);
    database.prepare("vacuum into ?").run(to);
  });
}

/** Makes one file of a copied database and its log, and checks it. */
export function joinLog(path: string): void {
  withDatabase(path, path, (database) => {
    database.prepare("pragma wal_checkpoint(truncate)").all();
    database.prepare("pragma journal_mode = delete").all();
  });
  checkCopy(path);
}

/** Whether this version can serve it, and SQLite finds no damage in it. `name`: what faults call it. */
export function checkCopy(path: string, name = path): void {
  if (!existsSync(path)) throw new StoreFault("failed", `Cannot open ${name}: there is no such file`);
  withDatabase(path, name, (database) => {
    const faults = database
      .prepare("pragma integrity_check")
      .all()
      .map(({ integrity_check: text }) => text);
    if (faults.join() !== "ok") throw new StoreFault("damaged", `Cannot use ${name}: it is damaged (${faults[0]})`);
    const table = database.prepare("select 1 from sqlite_schema where name = 'kysely_migration'").all();
    if (table.length === 0) throw new StoreFault("failed", `Cannot use ${name}: it is no database of this server`);
    const steps = database
      .prepare("select name from kysely_migration")
      .all()
      .map(({ name }) => String(name));
    const unknown = steps.find((name) => !isKnownStep(name));
    if (unknown !== undefined)
      throw new StoreFault("failed", `Cannot use ${name}: a newer version of this server has changed it (${unknown})`);
  });
}

/** Writes the log back into the database, unless that is damaged. */
export function closeLog(path: string): void {
  try {
    withDatabase(path, path, (database) => {
      database.prepare("pragma wal_checkpoint(truncate)").all();
    });
  } catch (error) {
    if (!(error instanceof StoreFault && error.kind === "damaged")) throw error;
  }
}

/** Alone with it, as a server would be. */
function withDatabase(path: string, name: string, use: (database: DatabaseSync) => void): void {
  try {
    const database = new DatabaseSync(path);
    try {
      database.prepare("pragma locking_mode = exclusive").all();
      database.prepare("begin exclusive").run();
      database.prepare("rollback").run();
      use(database);
    } finally {
      database.close();
    }
  } catch (error) {
    throw openFault(error, name);
  }
}
