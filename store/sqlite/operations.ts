/**
 * All operations of the store on one connection.
 * @module
 */
import type { StoreOperations } from "../store.ts";
import type { AccountUsage } from "./account_usage.ts";
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
import type { Seal } from "./seal.ts";
import { streamOperations } from "./streams.ts";
import { userOperations } from "./users.ts";

export function sqliteOperations(
  connection: Connection,
  tables: Tables,
  ids: RowIds,
  tail: ArchiveTail,
  journal: PendingJournal,
  usage: AccountUsage,
  seal: Seal,
): StoreOperations {
  return {
    ...accountOperations(connection, tables, ids, tail, journal, usage, seal),
    ...userOperations(connection, tables, ids, journal),
    ...messageOperations(connection, tables, ids, tail, journal, usage),
    ...archiveOperations(connection, tables, ids, tail, usage),
    ...documentOperations(connection, tables, ids, usage, seal),
    ...pubsubOperations(connection, tables, ids, usage),
    ...streamOperations(connection, tables),
  };
}
