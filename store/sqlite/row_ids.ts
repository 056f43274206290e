/**
 * JIDs as row ids. The log's rows hold small integers and not JIDs; these are the two tables behind them.
 * @module
 */
import { StoreFault } from "../store.ts";
import type { Connection } from "./connection.ts";
import { type Query, query, type Slot } from "./query.ts";
import type { Tables } from "./schema.ts";

interface IdRow {
  readonly id: number;
}

const MAX_CACHED = 50_000;

/** Ids of owners and peers, cached: no other process writes the database (see connection.ts). */
export class RowIds {
  readonly #owners = new Map<string, number>();
  readonly #peers = new Map<string, number>();
  readonly #selectOwner: Query<[jid: string], IdRow>;
  readonly #selectPeer: Query<[jid: string], IdRow>;
  readonly #insertPeer: Query<[jid: string], IdRow>;

  constructor(connection: Connection, tables: Tables) {
    this.#selectOwner = query(connection, (jid: Slot<string>) =>
      tables.selectFrom("owner").select("id").where("jid", "=", jid),
    );
    this.#selectPeer = query(connection, (jid: Slot<string>) =>
      tables.selectFrom("peer").select("id").where("jid", "=", jid),
    );
    this.#insertPeer = query(connection, (jid: Slot<string>) =>
      tables.insertInto("peer").values({ jid }).returning("id"),
    );
  }

  owner(jid: string): number | undefined {
    return this.#owners.get(jid) ?? remember(this.#owners, jid, this.#selectOwner.first(jid)?.id);
  }

  /** Throws StoreFault where there is none. */
  requireOwner(jid: string): number {
    const id = this.owner(jid);
    if (id === undefined) throw new StoreFault("failed", `Cannot write for ${jid}: there is no such account`);
    return id;
  }

  peer(jid: string): number | undefined {
    return this.#peers.get(jid) ?? remember(this.#peers, jid, this.#selectPeer.first(jid)?.id);
  }

  /** Makes the peer where it is new. */
  internPeer(jid: string): number {
    return this.peer(jid) ?? remember(this.#peers, jid, this.#insertPeer.first(jid)!.id)!;
  }

  /** After a rollback, which may have undone a row, and after an account went, whose id may be given again. */
  forget(): void {
    this.#owners.clear();
    this.#peers.clear();
  }
}

function remember(cache: Map<string, number>, jid: string, id: number | undefined): number | undefined {
  if (id === undefined) return undefined;
  if (cache.size >= MAX_CACHED) cache.clear();
  cache.set(jid, id);
  return id;
}
