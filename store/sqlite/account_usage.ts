/**
 * How many bytes each account has: in its archive, and in what it keeps besides (documents, nodes and items of PEP).
 *
 * The numbers run along in the table `usage`. An archive gets rows with nearly every message, and to write its owner's
 * number with each would cost a tenth of the rest. So bytes of new rows are added up here and written for many rows at
 * once: the table has them all up to `usageSeq`, and rows beyond it are counted again at the start. Whatever else changes
 * goes to the table in the same transaction.
 * @module
 */
import { StoreFault } from "../store.ts";
import type { Connection } from "./connection.ts";
import { octets, query, type Slot } from "./query.ts";
import type { Tables } from "./schema.ts";

export interface UsageLimits {
  /** How many an account may have. */
  readonly bytes: number;
  /** After so many new rows their bytes are written. */
  readonly youngRows: number;
}

export interface Usage {
  readonly archive: number;
  readonly kept: number;
}

interface Known {
  readonly owner: number;
  archive: number;
  kept: number;
  /** Of `archive`, bytes of rows beyond `usageSeq`, which the table does not have. */
  young: number;
  /** What the table has to get with this transaction. */
  dueArchive: number;
  dueKept: number;
}

const MAX_KNOWN = 50_000;
const SLACK = 1 / 64;
/** What is kept may take so much of an account's bytes; the archive has what it leaves. */
const KEPT_PART = 1 / 4;

export class AccountUsage {
  readonly #limits: UsageLimits;
  readonly #queries: ReturnType<typeof usageQueries>;
  readonly #known = new Map<number, Known>();
  readonly #due = new Set<Known>();
  #usageSeq = 0;
  #highestSeq = 0;
  #youngRows = 0;

  constructor(connection: Connection, tables: Tables, limits: UsageLimits) {
    this.#limits = limits;
    this.#queries = usageQueries(connection, tables);
    this.read();
  }

  of(owner: number): Usage {
    return this.#of(owner);
  }

  /** How many bytes have to go from the archive, so that not the next message takes it over its bound again. */
  toFree(owner: number): number {
    const { archive, kept } = this.#of(owner);
    return archive + kept - this.#limits.bytes * (1 - SLACK);
  }

  /** A row is new in the archive. Returns whether that has become larger than it may be. */
  addArchived(owner: number, seq: number, bytes: number): boolean {
    const known = this.#of(owner);
    known.archive += bytes;
    if (seq > this.#usageSeq) {
      known.young += bytes;
      this.#youngRows++;
      if (seq > this.#highestSeq) this.#highestSeq = seq;
    } else this.#owe(known, bytes, 0);
    return known.archive + known.kept > this.#limits.bytes;
  }

  removeArchived(owner: number, seq: number, bytes: number): void {
    const known = this.#of(owner);
    known.archive -= bytes;
    if (seq > this.#usageSeq) known.young -= bytes;
    else this.#owe(known, -bytes, 0);
  }

  /**
   * What is kept besides the archive changes. To be called before anything is written: throws StoreFault where that is more
   * than the account may keep, but not for less than before, or where that `isFree`.
   */
  changeKept(owner: number, bytes: number, isFree = false): void {
    const known = this.#of(owner);
    if (bytes > 0 && !isFree && known.kept + bytes > this.#limits.bytes * KEPT_PART) {
      throw new StoreFault("quota", "Cannot keep more for the account: its quota is used up");
    }
    known.kept += bytes;
    this.#owe(known, 0, bytes);
  }

  /** The account is gone; its id may be given again. */
  forgetAccount(owner: number): void {
    const known = this.#known.get(owner);
    if (known === undefined) return;
    this.#known.delete(owner);
    this.#due.delete(known);
  }

  /** At the end of each call that can be undone alone, and of each transaction that writes. */
  write(): void {
    for (const known of this.#due) {
      this.#queries.add.run(known.owner, known.dueArchive, known.dueKept);
      known.dueArchive = 0;
      known.dueKept = 0;
    }
    this.#due.clear();
  }

  /** At the end of each transaction that writes: where many rows are young. */
  writeYoung(): void {
    if (this.#youngRows < this.#limits.youngRows) return;
    for (const known of this.#known.values()) {
      if (known.young !== 0) this.#queries.add.run(known.owner, known.young, 0);
      known.young = 0;
    }
    this.#usageSeq = this.#highestSeq;
    this.#youngRows = 0;
    this.#queries.setUsageSeq.run(String(this.#usageSeq));
    if (this.#known.size > MAX_KNOWN) this.#known.clear();
  }

  /** At the start, and where the database has rolled back something: all is as it says. */
  read(): void {
    this.#known.clear();
    this.#due.clear();
    this.#usageSeq = Number(this.#queries.usageSeq.first()?.value ?? 0);
    this.#highestSeq = this.#usageSeq;
    this.#youngRows = 0;
    for (const { owner_id, seq, bytes } of this.#queries.young.all(this.#usageSeq)) {
      this.addArchived(owner_id, seq, bytes);
    }
  }

  #owe(known: Known, archive: number, kept: number): void {
    known.dueArchive += archive;
    known.dueKept += kept;
    this.#due.add(known);
  }

  #of(owner: number): Known {
    const known = this.#known.get(owner);
    if (known !== undefined) return known;
    const { archive, kept } = this.#queries.one.first(owner) ?? { archive: 0, kept: 0 };
    const made = { owner, archive, kept, young: 0, dueArchive: 0, dueKept: 0 };
    this.#known.set(owner, made);
    return made;
  }
}

const USAGE_SEQ = "usageSeq";

function usageQueries(connection: Connection, tables: Tables) {
  return {
    one: query(connection, (owner: Slot<number>) =>
      tables.selectFrom("usage").select(["archive", "kept"]).where("owner_id", "=", owner),
    ),
    add: query(connection, (owner_id: Slot<number>, archive: Slot<number>, kept: Slot<number>) =>
      tables
        .insertInto("usage")
        .values({ owner_id, archive, kept })
        .onConflict((conflict) =>
          conflict.column("owner_id").doUpdateSet(({ eb, ref }) => ({
            archive: eb("usage.archive", "+", ref("excluded.archive")),
            kept: eb("usage.kept", "+", ref("excluded.kept")),
          })),
        ),
    ),
    usageSeq: query(connection, () => tables.selectFrom("meta").select("value").where("key", "=", USAGE_SEQ)),
    setUsageSeq: query(connection, (value: Slot<string>) =>
      tables.insertInto("meta").orReplace().values({ key: USAGE_SEQ, value }),
    ),
    young: query(connection, (after: Slot<number>) =>
      tables
        .selectFrom("archive as a")
        .innerJoin("message as m", "m.seq", "a.seq")
        .select(["a.owner_id", "a.seq", octets("m.text").as("bytes")])
        .where("a.seq", ">", after)
        .orderBy("a.seq"),
    ),
  };
}
