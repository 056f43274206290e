/**
 * Nodes and items of personal eventing (XEP-0163).
 * @module
 */
import { Buffer } from "node:buffer";
import type { PubsubItemRecord, PubsubOperations } from "../store.ts";
import type { AccountUsage } from "./account_usage.ts";
import type { Connection } from "./connection.ts";
import { octets, query, type Slot } from "./query.ts";
import type { RowIds } from "./row_ids.ts";
import type { Tables } from "./schema.ts";

export function pubsubOperations(
  connection: Connection,
  tables: Tables,
  ids: RowIds,
  usage: AccountUsage,
): PubsubOperations {
  const nodes = nodeQueries(connection, tables);
  const items = itemQueries(connection, tables);
  const sizes = sizeQueries(connection, tables);

  return {
    pubsubNodes(owner: string) {
      const id = ids.owner(owner);
      return id === undefined ? [] : nodes.all.all(id);
    },

    putPubsubNode(owner: string, node: string, config: string): void {
      const id = ids.requireOwner(owner);
      const bytes = Buffer.byteLength(node) + Buffer.byteLength(config);
      usage.changeKept(id, bytes - (sizes.node.first(id, node)?.bytes ?? 0));
      nodes.put.run(id, node, config);
    },

    removePubsubNode(owner: string, node: string): boolean {
      const id = ids.owner(owner);
      if (id === undefined) return false;
      const items = sumOf(sizes.beyond.all(id, node, "", 0));
      usage.changeKept(id, -(sizes.node.first(id, node)?.bytes ?? 0) - items);
      return nodes.remove.run(id, node) === 1;
    },

    pubsubItems(owner: string, node: string, limit: number) {
      const id = ids.owner(owner);
      return id === undefined ? [] : items.newest.all(id, node, limit).reverse();
    },

    pubsubItem(owner: string, node: string, itemId: string) {
      const id = ids.owner(owner);
      return id === undefined ? undefined : items.one.first(id, node, itemId);
    },

    putPubsubItem(owner: string, node: string, item: PubsubItemRecord, max: number): void {
      const id = ids.requireOwner(owner);
      const replaced = sizes.one.first(id, node, item.id)?.bytes ?? 0;
      const dropped = sumOf(sizes.beyond.all(id, node, item.id, max - 1));
      usage.changeKept(id, Buffer.byteLength(item.id) + Buffer.byteLength(item.text) - replaced - dropped);
      items.put.run(id, node, item.id, item.publisher, item.text, item.at);
      items.keepNewest.run(id, node, max);
    },

    removePubsubItem(owner: string, node: string, itemId: string): boolean {
      const id = ids.owner(owner);
      if (id === undefined) return false;
      usage.changeKept(id, -(sizes.one.first(id, node, itemId)?.bytes ?? 0));
      return items.remove.run(id, node, itemId) === 1;
    },
  };
}

/** Bytes of a name and of what stands under it. */
function sumOf(rows: readonly { readonly bytes: number }[]): number {
  return rows.reduce((sum, { bytes }) => sum + bytes, 0);
}

function sizeQueries(connection: Connection, tables: Tables) {
  const bytes = octets("id", "text").as("bytes");
  return {
    node: query(connection, (owner: Slot<number>, node: Slot<string>) =>
      tables
        .selectFrom("pubsub_node")
        .select(octets("node", "config").as("bytes"))
        .where("owner_id", "=", owner)
        .where("node", "=", node),
    ),
    one: query(connection, (owner: Slot<number>, node: Slot<string>, id: Slot<string>) =>
      tables
        .selectFrom("pubsub_item")
        .select(bytes)
        .where("owner_id", "=", owner)
        .where("node", "=", node)
        .where("id", "=", id),
    ),
    /** All but the newest so many, and but the one of that id. */
    beyond: query(connection, (owner: Slot<number>, node: Slot<string>, id: Slot<string>, newest: Slot<number>) =>
      tables
        .selectFrom("pubsub_item")
        .select(bytes)
        .where("owner_id", "=", owner)
        .where("node", "=", node)
        .where("id", "<>", id)
        .orderBy("position", "desc")
        .limit(Number.MAX_SAFE_INTEGER)
        .offset(newest),
    ),
  };
}

function nodeQueries(connection: Connection, tables: Tables) {
  return {
    all: query(connection, (owner: Slot<number>) =>
      tables.selectFrom("pubsub_node").select(["node", "config"]).where("owner_id", "=", owner),
    ),
    // Not a replacement, which would take the items with the old row.
    put: query(connection, (owner_id: Slot<number>, node: Slot<string>, config: Slot<string>) =>
      tables
        .insertInto("pubsub_node")
        .values({ owner_id, node, config })
        .onConflict((conflict) => conflict.columns(["owner_id", "node"]).doUpdateSet({ config })),
    ),
    remove: query(connection, (owner: Slot<number>, node: Slot<string>) =>
      tables.deleteFrom("pubsub_node").where("owner_id", "=", owner).where("node", "=", node),
    ),
  };
}

function itemQueries(connection: Connection, tables: Tables) {
  const itemsOf = (owner: Slot<number>, node: Slot<string>) =>
    tables.selectFrom("pubsub_item").where("owner_id", "=", owner).where("node", "=", node);
  const columns = ["id", "publisher", "text", "at"] as const;

  return {
    newest: query(connection, (owner: Slot<number>, node: Slot<string>, limit: Slot<number>) =>
      itemsOf(owner, node).select(columns).orderBy("position", "desc").limit(limit),
    ),
    one: query(connection, (owner: Slot<number>, node: Slot<string>, id: Slot<string>) =>
      itemsOf(owner, node).select(columns).where("id", "=", id),
    ),
    // A replacement, so that an item published again is the newest.
    put: query(
      connection,
      (
        owner_id: Slot<number>,
        node: Slot<string>,
        id: Slot<string>,
        publisher: Slot<string>,
        text: Slot<string>,
        at: Slot<number>,
      ) => tables.insertInto("pubsub_item").orReplace().values({ owner_id, node, id, publisher, text, at }),
    ),
    keepNewest: query(connection, (owner: Slot<number>, node: Slot<string>, max: Slot<number>) =>
      tables
        .deleteFrom("pubsub_item")
        .where(
          "position",
          "in",
          itemsOf(owner, node)
            .select("position")
            .orderBy("position", "desc")
            .limit(Number.MAX_SAFE_INTEGER)
            .offset(max),
        ),
    ),
    remove: query(connection, (owner: Slot<number>, node: Slot<string>, id: Slot<string>) =>
      tables.deleteFrom("pubsub_item").where("owner_id", "=", owner).where("node", "=", node).where("id", "=", id),
    ),
  };
}
