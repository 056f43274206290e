/**
 * All operations of the store on one connection.
 * @module
 */
import type { StoreOperations } from "../store.ts";
import { accountOperations } from "./accounts.ts";
import type { ArchiveTail } from "./archive_tail.ts";
import { archiveOperations } from "./archives.ts";
import type { Connection } from "./connection.ts";
import { documentOperations } from "./documents.ts";
import { messageOperations } from "./message_log.ts";
import type { PendingJournal } from "./pending_journal.ts";
import { pubsubOperations } from "./pubsub.ts";
import type { RowIds } from "./row_ids.ts";
import type { Tables } from "./schema.ts";
import { streamOperations } from "./streams.ts";
import { userOperations } from "./users.ts";

export function sqliteOperations(
  connection: Connection,
  tables: Tables,
  ids: RowIds,
  tail: ArchiveTail,
  journal: PendingJournal,
): StoreOperations {
  return {
    ...accountOperations(connection, tables, ids, tail, journal),
    ...userOperations(connection, tables, ids, journal),
    ...messageOperations(connection, tables, ids, tail, journal),
    ...archiveOperations(connection, tables, ids, tail),
    ...documentOperations(connection, tables, ids),
    ...pubsubOperations(connection, tables, ids),
    ...streamOperations(connection, tables),
  };
}
