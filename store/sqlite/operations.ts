/**
 * All operations of the store on one connection.
 * @module
 */
import type { StoreOperations } from "../store.ts";
import type { AccountUsage } from "./account_usage.ts";
import { accountOperations } from "./accounts.ts";
import { ArchivedRows } from "./archived_rows.ts";
import { archiveOperations } from "./archives.ts";
import { arrivalOperations } from "./arrivals.ts";
import type { Connection } from "./connection.ts";
import { documentOperations } from "./documents.ts";
import type { LogPass } from "./log_pass.ts";
import { logOperations } from "./message_log.ts";
import { outcomeOperations } from "./outcomes.ts";
import { pubsubOperations } from "./pubsub.ts";
import { rosterOperations } from "./rosters.ts";
import type { RowIds } from "./row_ids.ts";
import type { Tables } from "./schema.ts";
import type { Seal } from "./seal.ts";
import { SentTimelines } from "./sent_timelines.ts";
import { streamOperations } from "./streams.ts";
import type { TimelineNumbers } from "./timeline_numbers.ts";
import { tokenOperations } from "./tokens.ts";

export function sqliteOperations(
  connection: Connection,
  tables: Tables,
  ids: RowIds,
  usage: AccountUsage,
  pass: LogPass,
  seal: Seal,
  timelines: TimelineNumbers,
): StoreOperations {
  const archived = new ArchivedRows(connection, tables, usage, pass);
  return {
    ...accountOperations(connection, tables, ids, usage, seal, new SentTimelines(connection, tables, ids)),
    ...rosterOperations(connection, tables, ids),
    ...logOperations(connection, tables, ids, pass, archived),
    ...archiveOperations(connection, tables, ids, pass, archived),
    ...documentOperations(connection, tables, ids, usage, seal),
    ...pubsubOperations(connection, tables, ids, usage),
    ...outcomeOperations(connection, tables, ids, timelines),
    ...streamOperations(connection, tables),
    ...tokenOperations(connection, tables),
    ...arrivalOperations(connection, tables),
  };
}
