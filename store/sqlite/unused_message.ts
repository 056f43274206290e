/** Messages that nothing points at any more. @module */
import type { Connection } from "./connection.ts";
import { octets, type Query, query, type Slot } from "./query.ts";
import type { Tables } from "./schema.ts";

/** Removes a message that no archive and no recipient points at. */
export function dropUnusedMessage(connection: Connection, tables: Tables): Query<[seq: number], unknown> {
  return query(connection, (seq: Slot<number>) =>
    tables
      .deleteFrom("message")
      .where("seq", "=", seq)
      .where(({ not, exists, selectFrom }) => not(exists(selectFrom("archive").select("seq").where("seq", "=", seq))))
      .where(({ not, exists, selectFrom }) => not(exists(selectFrom("pending").select("seq").where("seq", "=", seq)))),
  );
}

/** How long a message in the log is. */
export function messageBytes(connection: Connection, tables: Tables): Query<[seq: number], { readonly bytes: number }> {
  return query(connection, (seq: Slot<number>) =>
    tables.selectFrom("message").select(octets("text").as("bytes")).where("seq", "=", seq),
  );
}
