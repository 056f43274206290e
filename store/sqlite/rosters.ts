/**
 * Rosters, subscription requests and block lists, and all of it at once for a UserActor.
 * @module
 */
import { sql } from "kysely";
import type { RosterItem, RosterOperations, SubscriptionRequest, UserRecord } from "../store.ts";
import type { Connection } from "./connection.ts";
import { query, type Slot } from "./query.ts";
import type { RowIds } from "./row_ids.ts";
import type { AccountTable, RosterTable, Tables } from "./schema.ts";

export function rosterOperations(connection: Connection, tables: Tables, ids: RowIds): RosterOperations {
  const read = readQueries(connection, tables);
  const write = writeQueries(connection, tables);

  return {
    user(account: string): UserRecord | undefined {
      const row = read.account.first(account);
      if (row === undefined) return undefined;
      return {
        account,
        ...settingsOf(row),
        roster: read.roster.all(row.id).map(rosterItemOf),
        requests: read.requests.all(row.id).map(({ jid, text }) => ({ from: jid, text })),
        blocked: read.blocked.all(row.id).map(({ jid }) => jid),
        hasPending: read.pending.first(row.id) !== undefined,
      };
    },

    putRosterItem(owner: string, item: RosterItem, version: number): void {
      const id = ids.requireOwner(owner);
      const { jid, name, subscription, ask, approved, groups } = item;
      write.rosterItem.run(id, jid, name, subscription, Number(ask), Number(approved), JSON.stringify(groups));
      write.rosterVersion.run(id, version);
    },

    removeRosterItem(owner: string, jid: string, version: number): void {
      const id = ids.requireOwner(owner);
      write.noRosterItem.run(id, jid);
      write.rosterVersion.run(id, version);
    },

    putSubscriptionRequest(owner: string, request: SubscriptionRequest): void {
      write.request.run(ids.requireOwner(owner), request.from, request.text);
    },

    removeSubscriptionRequest(owner: string, from: string): void {
      write.noRequest.run(ids.requireOwner(owner), from);
    },

    block(owner: string, jids: readonly string[]): void {
      const id = ids.requireOwner(owner);
      for (const jid of jids) write.block.run(id, jid);
    },

    unblock(owner: string, jids?: readonly string[]): void {
      const id = ids.requireOwner(owner);
      if (jids === undefined) write.unblockAll.run(id);
      else for (const jid of jids) write.unblock.run(id, jid);
    },
  };
}

type AccountRow = Omit<AccountTable, "id" | "roster_version" | "credentials"> & {
  readonly id: number;
  readonly roster_version: number;
};

function settingsOf(row: Pick<AccountRow, "roster_version" | "forward_to" | "archive_preferences"> & LastActivity) {
  const at = row.last_activity_at;
  return {
    rosterVersion: row.roster_version,
    forwardTo: row.forward_to ?? undefined,
    archivePreferences: row.archive_preferences === null ? undefined : JSON.parse(row.archive_preferences),
    lastActivity: at === null ? undefined : { at, status: row.last_activity_status ?? "" },
  };
}

type LastActivity = Pick<AccountRow, "last_activity_at" | "last_activity_status">;

function rosterItemOf(row: Omit<RosterTable, "owner_id">): RosterItem {
  return {
    jid: row.jid,
    name: row.name,
    subscription: row.subscription,
    ask: row.ask === 1,
    approved: row.approved === 1,
    groups: JSON.parse(row.groups),
  };
}

function readQueries(connection: Connection, tables: Tables) {
  return {
    account: query(connection, (jid: Slot<string>) =>
      tables
        .selectFrom("owner as o")
        .innerJoin("account as a", "a.id", "o.id")
        .select(["a.id", "a.roster_version", "a.forward_to", "a.archive_preferences"])
        .select(["a.last_activity_at", "a.last_activity_status"])
        .where("o.jid", "=", jid),
    ),
    roster: query(connection, (owner: Slot<number>) =>
      tables
        .selectFrom("roster")
        .select(["jid", "name", "subscription", "ask", "approved", "groups"])
        .where("owner_id", "=", owner),
    ),
    requests: query(connection, (owner: Slot<number>) =>
      tables.selectFrom("subscription_request").select(["jid", "text"]).where("owner_id", "=", owner),
    ),
    blocked: query(connection, (owner: Slot<number>) =>
      tables.selectFrom("block").select("jid").where("owner_id", "=", owner),
    ),
    pending: query(connection, (owner: Slot<number>) =>
      tables.selectFrom("log").select("seq").where("owner_id", "=", owner).where("waits", "=", sql.lit(1)).limit(1),
    ),
  };
}

function writeQueries(connection: Connection, tables: Tables) {
  return {
    ...rosterWrites(connection, tables),
    ...requestWrites(connection, tables),
    ...blockWrites(connection, tables),
  };
}

function rosterWrites(connection: Connection, tables: Tables) {
  return {
    rosterItem: query(
      connection,
      (
        owner_id: Slot<number>,
        jid: Slot<string>,
        name: Slot<string>,
        subscription: Slot<RosterTable["subscription"]>,
        ask: Slot<number>,
        approved: Slot<number>,
        groups: Slot<string>,
      ) => tables.insertInto("roster").orReplace().values({ owner_id, jid, name, subscription, ask, approved, groups }),
    ),
    noRosterItem: query(connection, (owner: Slot<number>, jid: Slot<string>) =>
      tables.deleteFrom("roster").where("owner_id", "=", owner).where("jid", "=", jid),
    ),
    rosterVersion: query(connection, (owner: Slot<number>, version: Slot<number>) =>
      tables.updateTable("account").set({ roster_version: version }).where("id", "=", owner),
    ),
  };
}

function requestWrites(connection: Connection, tables: Tables) {
  return {
    request: query(connection, (owner_id: Slot<number>, jid: Slot<string>, text: Slot<string>) =>
      tables.insertInto("subscription_request").orReplace().values({ owner_id, jid, text }),
    ),
    noRequest: query(connection, (owner: Slot<number>, jid: Slot<string>) =>
      tables.deleteFrom("subscription_request").where("owner_id", "=", owner).where("jid", "=", jid),
    ),
  };
}

function blockWrites(connection: Connection, tables: Tables) {
  return {
    block: query(connection, (owner_id: Slot<number>, jid: Slot<string>) =>
      tables
        .insertInto("block")
        .values({ owner_id, jid })
        .onConflict((conflict) => conflict.doNothing()),
    ),
    unblock: query(connection, (owner: Slot<number>, jid: Slot<string>) =>
      tables.deleteFrom("block").where("owner_id", "=", owner).where("jid", "=", jid),
    ),
    unblockAll: query(connection, (owner: Slot<number>) => tables.deleteFrom("block").where("owner_id", "=", owner)),
  };
}
