/**
 * SQLite's errors as store faults. https://www.sqlite.org/rescode.html
 * @module
 */
import { StoreFault, type StoreFaultKind } from "../store.ts";

/** An account's quota is no matter of the database. */
type DatabaseFaultKind = Exclude<StoreFaultKind, "quota">;

/** Primary result code, SQLite's own text for it, and what it is to us. */
const KINDS: readonly (readonly [code: number, text: string, kind: DatabaseFaultKind])[] = [
  [5, "database is locked", "busy"],
  [6, "database table is locked", "busy"],
  [8, "attempt to write a readonly database", "readonly"],
  [10, "disk I/O error", "failed"],
  [11, "database disk image is malformed", "damaged"],
  [13, "database or disk is full", "full"],
  [14, "unable to open database file", "failed"],
  [26, "file is not a database", "damaged"],
];

/** Codes that concern the file and not the one statement: SQLITE_NOMEM and those of the table. */
const OF_THE_DATABASE: ReadonlySet<number> = new Set([7, ...KINDS.map(([code]) => code)]);

const ADVICE: Readonly<Record<DatabaseFaultKind, string>> = {
  busy: "another process has it open; stop that process, or give this server a store of its own",
  readonly: "give this process the right to write the file and its folder",
  damaged: "restore it from a backup, or move it away to start with an empty one",
  full: "free space on its disk",
  failed: "look at the path, the rights and the disk",
};

/** Any error as a fault; `doing` is what could not be done, as in "Cannot <doing>: <state>". */
export function sqliteFault(error: unknown, doing: string): StoreFault {
  if (error instanceof StoreFault) return error;
  return new StoreFault(kindOf(error), `Cannot ${doing}: ${textOf(error)}`, { cause: error });
}

/** A fault at the start, which tells what to do. */
export function openFault(error: unknown, path: string): StoreFault {
  if (error instanceof StoreFault) return error;
  const kind = kindOf(error);
  const message = `Cannot open the store ${path}: ${textOf(error)} (${ADVICE[kind]})`;
  return new StoreFault(kind, message, { cause: error });
}

/**
 * Whether the whole transaction is lost: SQLite may have rolled it back by itself.
 * https://www.sqlite.org/lang_transaction.html
 */
export function concernsDatabase(error: unknown): boolean {
  const code = codeOf(error);
  return code !== undefined && OF_THE_DATABASE.has(code);
}

function kindOf(error: unknown): DatabaseFaultKind {
  const code = codeOf(error);
  return KINDS.find((row) => row[0] === code)?.[2] ?? "failed";
}

/** Deno leaves `errcode` out where a statement cannot be prepared: then the text tells. */
function codeOf(error: unknown): number | undefined {
  if (!(error instanceof Error)) return undefined;
  if ("errcode" in error && typeof error.errcode === "number") return error.errcode & 0xff;
  return KINDS.find((row) => error.message.includes(row[1]))?.[0];
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
