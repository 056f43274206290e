/**
 * Accounts and the settings that are columns of theirs.
 * @module
 */
import { passwordId } from "../../xmpp/scram_keys.ts";
import type { AccountBytes, AccountOperations, ArchivePreferences, Credentials, OwnerKind } from "../store.ts";
import type { AccountUsage } from "./account_usage.ts";
import type { Connection } from "./connection.ts";
import { query, type Slot } from "./query.ts";
import type { RowIds } from "./row_ids.ts";
import type { OwnerTable, Tables } from "./schema.ts";
import type { Seal } from "./seal.ts";
import type { SentTimelines } from "./sent_timelines.ts";

export function accountOperations(
  connection: Connection,
  tables: Tables,
  ids: RowIds,
  usage: AccountUsage,
  seal: Seal,
  sent: SentTimelines,
): AccountOperations {
  const queries = accountQueries(connection, tables);
  const credentialsOf = (account: string): Credentials | undefined => {
    const row = queries.credentials.first(account);
    return row === undefined ? undefined : JSON.parse(seal.credentials(account).open(row.credentials));
  };
  const sealed = (account: string, credentials: Credentials) =>
    seal.credentials(account).close(JSON.stringify(credentials));

  return {
    createAccount(account: string, credentials: Credentials, at: number): boolean {
      const owner = queries.addOwner.first(account, "account");
      if (owner === undefined) return false;
      queries.create.run(owner.id, sealed(account, credentials), at);
      return true;
    },

    setCredentials(account: string, credentials: Credentials): boolean {
      return queries.setCredentials.run(account, sealed(account, credentials)) === 1;
    },

    renewCredentials(account: string, credentials: Credentials): boolean {
      const kept = credentialsOf(account);
      if (kept === undefined || passwordId(kept) !== passwordId(credentials)) return false;
      return queries.setCredentials.run(account, sealed(account, credentials)) === 1;
    },

    credentials: credentialsOf,

    removeAccount(account: string): boolean {
      const owner = ids.owner(account);
      if (owner === undefined) return false;
      if (queries.removeOwner.run(owner) === 0) return false;
      queries.removeLog.run(owner);
      queries.removeIndex.run(owner);
      sent.release(account);
      usage.forgetAccount(owner);
      ids.forget();
      return true;
    },

    addOwner(owner: string, kind: OwnerKind): void {
      queries.addOwner.first(owner, kind);
    },

    accounts(after: string, limit: number): readonly string[] {
      return queries.list.all(after, limit).map((row) => row.jid);
    },

    usage(account: string): AccountBytes | undefined {
      const owner = ids.owner(account);
      return owner === undefined ? undefined : usage.of(owner);
    },

    setForward(owner: string, to: string | undefined): void {
      queries.setForward.run(ids.requireOwner(owner), to ?? null);
    },

    setArchivePreferences(owner: string, preferences: ArchivePreferences): void {
      queries.setArchivePreferences.run(ids.requireOwner(owner), JSON.stringify(preferences));
    },

    setLastActivity(owner: string, at: number, status: string): void {
      const id = ids.owner(owner);
      if (id !== undefined) queries.setLastActivity.run(id, at, status);
    },
  };
}

/** An owner by its JID, within another statement. */
function ownerId(tables: Tables, jid: Slot<string>) {
  return tables.selectFrom("owner").select("id").where("jid", "=", jid);
}

function accountQueries(connection: Connection, tables: Tables) {
  return {
    ...ownerQueries(connection, tables),
    create: query(connection, (id: Slot<number>, credentials: Slot<string>, at: Slot<number>) =>
      tables.insertInto("account").values({ id, credentials, created_at: at }),
    ),
    setCredentials: query(connection, (jid: Slot<string>, credentials: Slot<string>) =>
      tables.updateTable("account").set({ credentials }).where("id", "=", ownerId(tables, jid)),
    ),
    credentials: query(connection, (jid: Slot<string>) =>
      tables.selectFrom("account").select("credentials").where("id", "=", ownerId(tables, jid)),
    ),
    setForward: query(connection, (id: Slot<number>, to: Slot<string | null>) =>
      tables.updateTable("account").set({ forward_to: to }).where("id", "=", id),
    ),
    setArchivePreferences: query(connection, (id: Slot<number>, preferences: Slot<string>) =>
      tables.updateTable("account").set({ archive_preferences: preferences }).where("id", "=", id),
    ),
    setLastActivity: query(connection, (id: Slot<number>, at: Slot<number>, status: Slot<string>) =>
      tables.updateTable("account").set({ last_activity_at: at, last_activity_status: status }).where("id", "=", id),
    ),
  };
}

function ownerQueries(connection: Connection, tables: Tables) {
  return {
    addOwner: query(connection, (jid: Slot<string>, kind: Slot<OwnerTable["kind"]>) =>
      tables
        .insertInto("owner")
        .values({ jid, kind })
        .onConflict((conflict) => conflict.doNothing())
        .returning("id"),
    ),
    list: query(connection, (after: Slot<string>, limit: Slot<number>) =>
      tables
        .selectFrom("owner")
        .select("jid")
        .where("jid", ">", after)
        .where("kind", "=", "account")
        .orderBy("jid")
        .limit(limit),
    ),
    removeOwner: query(connection, (owner: Slot<number>) =>
      tables.deleteFrom("owner").where("id", "=", owner).where("kind", "=", "account"),
    ),
    removeLog: query(connection, (owner: Slot<number>) => tables.deleteFrom("log").where("owner_id", "=", owner)),
    removeIndex: query(connection, (owner: Slot<number>) =>
      tables.deleteFrom("log_by_peer").where("owner_id", "=", owner),
    ),
  };
}
