/**
 * How many bytes each account has: in its archive, and in what it keeps besides (documents, nodes and items of PEP).
 *
 * The table `usage` has them, but for archive rows that have come since the last pass over the log (log_pass.ts): these are
 * young, and added up here.
 * @module
 */
import { type AccountBytes, KEPT_PART, StoreFault } from "../store.ts";
import type { Connection } from "./connection.ts";
import { query, type Slot } from "./query.ts";
import type { Tables } from "./schema.ts";

const MAX_WRITTEN = 50_000;
const SLACK = 1 / 64;

export class AccountUsage {
  /** How many bytes an account may have. */
  readonly #limit: number;
  readonly #queries: ReturnType<typeof usageQueries>;
  /** What the table has, as far as somebody has asked. */
  readonly #written = new Map<number, AccountBytes>();
  /** Archive bytes that the table does not have. */
  readonly #young = new Map<number, number>();

  constructor(connection: Connection, tables: Tables, limit: number) {
    this.#limit = limit;
    this.#queries = usageQueries(connection, tables);
  }

  of(owner: number): AccountBytes {
    const { archive, kept } = this.#writtenOf(owner);
    return { archive: archive + (this.#young.get(owner) ?? 0), kept };
  }

  /** How many bytes have to go from the archive, so that not the next message takes it over its bound again. */
  toFree(owner: number): number {
    const { archive, kept } = this.of(owner);
    return archive + kept - this.#limit * (1 - SLACK);
  }

  /** A row is new in the archive. Returns whether that has become larger than it may be. */
  addYoung(owner: number, bytes: number): boolean {
    const young = (this.#young.get(owner) ?? 0) + bytes;
    this.#young.set(owner, young);
    if (this.#limit === Number.POSITIVE_INFINITY) return false;
    const { archive, kept } = this.#writtenOf(owner);
    return archive + young + kept > this.#limit;
  }

  removeArchived(owner: number, bytes: number, isYoung: boolean): void {
    if (isYoung) this.#young.set(owner, (this.#young.get(owner) ?? 0) - bytes);
    else this.#add(owner, -bytes, 0);
  }

  /**
   * What is kept besides the archive changes. To be called before anything is written: throws StoreFault where that is more
   * than the account may keep, but not for less than before, or where that `isFree`.
   */
  changeKept(owner: number, bytes: number, isFree = false): void {
    const { kept } = this.#writtenOf(owner);
    if (bytes > 0 && !isFree && kept + bytes > this.#limit * KEPT_PART) {
      throw new StoreFault("quota", "Cannot keep more for the account: its quota is used up");
    }
    if (bytes !== 0) this.#add(owner, 0, bytes);
  }

  /** The account is gone; its id may be given again. */
  forgetAccount(owner: number): void {
    this.#written.delete(owner);
    this.#young.delete(owner);
  }

  /** All archive rows are passed. */
  writeYoung(): void {
    for (const [owner, bytes] of this.#young) if (bytes !== 0) this.#add(owner, bytes, 0);
    this.#young.clear();
  }

  /** The database may have rolled back something. */
  forget(): void {
    this.#written.clear();
    this.#young.clear();
  }

  #add(owner: number, archive: number, kept: number): void {
    this.#queries.add.run(owner, archive, kept);
    const before = this.#written.get(owner);
    if (before !== undefined) {
      this.#written.set(owner, { archive: before.archive + archive, kept: before.kept + kept });
    }
  }

  #writtenOf(owner: number): AccountBytes {
    const known = this.#written.get(owner);
    if (known !== undefined) return known;
    const read = this.#queries.one.first(owner) ?? { archive: 0, kept: 0 };
    if (this.#written.size >= MAX_WRITTEN) this.#written.clear();
    this.#written.set(owner, read);
    return read;
  }
}

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
  };
}
