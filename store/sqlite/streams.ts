/**
 * The counts of resumable streams.
 * @module
 */
import type { StreamCount, StreamOperations } from "../store.ts";
import type { Connection } from "./connection.ts";
import { query, type Slot } from "./query.ts";
import type { Tables } from "./schema.ts";

export function streamOperations(connection: Connection, tables: Tables): StreamOperations {
  const put = query(connection, (id: Slot<string>, account: Slot<string>, h: Slot<number>, at: Slot<number>) =>
    tables.insertInto("stream").orReplace().values({ id, account, h, at }),
  );
  const one = query(connection, (id: Slot<string>) =>
    tables.selectFrom("stream").select(["id", "account", "h", "at"]).where("id", "=", id),
  );
  const prune = query(connection, (before: Slot<number>) => tables.deleteFrom("stream").where("at", "<", before));
  return {
    putStreams(counts: readonly StreamCount[]): void {
      for (const { id, account, h, at } of counts) put.run(id, account, h, at);
    },
    stream: (id: string) => one.first(id),
    pruneStreams: (before: number) => prune.run(before),
  };
}
