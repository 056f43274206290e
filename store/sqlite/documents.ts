/**
 * Free-form XML kept for a user.
 * @module
 */
import { Buffer } from "node:buffer";
import type { DocumentOperations } from "../store.ts";
import type { AccountUsage } from "./account_usage.ts";
import type { Connection } from "./connection.ts";
import { octets, query, type Slot } from "./query.ts";
import type { RowIds } from "./row_ids.ts";
import type { Tables } from "./schema.ts";
import type { Seal } from "./seal.ts";

/** Documents up to this are taken in any case, hashes and tokens of the server's own among them. */
const SMALL = 1024;

export function documentOperations(
  connection: Connection,
  tables: Tables,
  ids: RowIds,
  usage: AccountUsage,
  seal: Seal,
): DocumentOperations {
  const queries = documentQueries(connection, tables);
  const bytesOf = (owner: number, kind: string, key: string) => queries.size.first(owner, kind, key)?.bytes ?? 0;

  return {
    putDocument(owner: string, kind: string, key: string, text: string): void {
      const id = ids.requireOwner(owner);
      const sealed = seal.document(owner, kind, key).close(text);
      const bytes = Buffer.byteLength(key) + Buffer.byteLength(sealed);
      usage.changeKept(id, bytes - bytesOf(id, kind, key), bytes <= SMALL);
      queries.put.run(id, kind, key, sealed);
    },

    document(owner: string, kind: string, key: string): string | undefined {
      const id = ids.owner(owner);
      const text = id === undefined ? undefined : queries.one.first(id, kind, key)?.text;
      return text === undefined ? undefined : seal.document(owner, kind, key).open(text);
    },

    documents(owner: string, kind: string) {
      const id = ids.owner(owner);
      if (id === undefined) return [];
      return queries.all
        .all(id, kind)
        .map(({ key, text }) => ({ key, text: seal.document(owner, kind, key).open(text) }));
    },

    documentCount(owner: string, kind: string): number {
      const id = ids.owner(owner);
      return id === undefined ? 0 : (queries.count.first(id, kind)?.count ?? 0);
    },

    removeDocument(owner: string, kind: string, key: string): boolean {
      const id = ids.owner(owner);
      if (id === undefined) return false;
      usage.changeKept(id, -bytesOf(id, kind, key));
      return queries.remove.run(id, kind, key) === 1;
    },
  };
}

function documentQueries(connection: Connection, tables: Tables) {
  return {
    put: query(connection, (owner_id: Slot<number>, kind: Slot<string>, key: Slot<string>, text: Slot<string>) =>
      tables.insertInto("document").orReplace().values({ owner_id, kind, key, text }),
    ),
    one: query(connection, (owner: Slot<number>, kind: Slot<string>, key: Slot<string>) =>
      tables
        .selectFrom("document")
        .select("text")
        .where("owner_id", "=", owner)
        .where("kind", "=", kind)
        .where("key", "=", key),
    ),
    size: query(connection, (owner: Slot<number>, kind: Slot<string>, key: Slot<string>) =>
      tables
        .selectFrom("document")
        .select(octets("key", "text").as("bytes"))
        .where("owner_id", "=", owner)
        .where("kind", "=", kind)
        .where("key", "=", key),
    ),
    all: query(connection, (owner: Slot<number>, kind: Slot<string>) =>
      tables
        .selectFrom("document")
        .select(["key", "text"])
        .where("owner_id", "=", owner)
        .where("kind", "=", kind)
        .orderBy("key"),
    ),
    count: query(connection, (owner: Slot<number>, kind: Slot<string>) =>
      tables
        .selectFrom("document")
        .select(({ fn }) => fn.countAll<number>().as("count"))
        .where("owner_id", "=", owner)
        .where("kind", "=", kind),
    ),
    remove: query(connection, (owner: Slot<number>, kind: Slot<string>, key: Slot<string>) =>
      tables.deleteFrom("document").where("owner_id", "=", owner).where("kind", "=", kind).where("key", "=", key),
    ),
  };
}
