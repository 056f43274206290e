/**
 * Accounts and the settings that are columns of theirs.
 * @module
 */
import { passwordId } from "../../xmpp/scram_keys.ts";
import type { AccountBytes, ArchivePreferences, Credentials, StoreOperations } from "../store.ts";
import type { AccountUsage } from "./account_usage.ts";
import type { ArchiveTail } from "./archive_tail.ts";
import type { Connection } from "./connection.ts";
import type { PendingJournal } from "./pending_journal.ts";
import { query, type Slot } from "./query.ts";
import type { RowIds } from "./row_ids.ts";
import type { Tables } from "./schema.ts";
import type { Seal } from "./seal.ts";

type AccountOperations = Pick<
  StoreOperations,
  | "createAccount"
  | "setCredentials"
  | "renewCredentials"
  | "credentials"
  | "removeAccount"
  | "accounts"
  | "usage"
  | "setForward"
  | "setArchivePreferences"
  | "setLastActivity"
>;

export function accountOperations(
  connection: Connection,
  tables: Tables,
  ids: RowIds,
  tail: ArchiveTail,
  journal: PendingJournal,
  usage: AccountUsage,
  seal: Seal,
): AccountOperations {
  const queries = accountQueries(connection, tables);
  const removal = removalQueries(connection, tables);
  const credentialsOf = (account: string): Credentials | undefined => {
    const row = queries.credentials.first(account);
    return row === undefined ? undefined : JSON.parse(seal.credentials(account).open(row.credentials));
  };
  const sealed = (account: string, credentials: Credentials) =>
    seal.credentials(account).close(JSON.stringify(credentials));

  return {
    createAccount(account: string, credentials: Credentials, at: number): boolean {
      return queries.create.run(account, sealed(account, credentials), at) === 1;
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
      const owner = ids.account(account);
      if (owner === undefined) return false;
      tail.indexOwner(owner);
      journal.removeAll(owner);
      removal.messages.run(owner);
      removal.archive.run(owner);
      removal.archiveIndex.run(owner);
      removal.pending.run(owner);
      removal.account.run(owner);
      usage.forgetAccount(owner);
      ids.forget();
      return true;
    },

    accounts(after: string, limit: number): readonly string[] {
      return queries.list.all(after, limit).map((row) => row.jid);
    },

    usage(account: string): AccountBytes | undefined {
      const owner = ids.account(account);
      if (owner === undefined) return undefined;
      const { archive, kept } = usage.of(owner);
      return { archive, kept };
    },

    setForward(owner: string, to: string | undefined): void {
      queries.setForward.run(ids.requireAccount(owner), to ?? null);
    },

    setArchivePreferences(owner: string, preferences: ArchivePreferences): void {
      queries.setArchivePreferences.run(ids.requireAccount(owner), JSON.stringify(preferences));
    },

    setLastActivity(owner: string, at: number, status: string): void {
      const id = ids.account(owner);
      if (id !== undefined) queries.setLastActivity.run(id, at, status);
    },
  };
}

function accountQueries(connection: Connection, tables: Tables) {
  return {
    create: query(connection, (jid: Slot<string>, credentials: Slot<string>, at: Slot<number>) =>
      tables
        .insertInto("account")
        .values({ jid, credentials, created_at: at })
        .onConflict((conflict) => conflict.doNothing()),
    ),
    setCredentials: query(connection, (jid: Slot<string>, credentials: Slot<string>) =>
      tables.updateTable("account").set({ credentials }).where("jid", "=", jid),
    ),
    credentials: query(connection, (jid: Slot<string>) =>
      tables.selectFrom("account").select("credentials").where("jid", "=", jid),
    ),
    list: query(connection, (after: Slot<string>, limit: Slot<number>) =>
      // A gateway's account is its domain, and nobody's.
      tables
        .selectFrom("account")
        .select("jid")
        .where("jid", ">", after)
        .where("jid", "like", "%@%")
        .orderBy("jid")
        .limit(limit),
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

/** In this order: first the messages that nobody but this owner has, while the owner's rows still tell which. */
function removalQueries(connection: Connection, tables: Tables) {
  return {
    messages: query(connection, (owner: Slot<number>) =>
      tables
        .deleteFrom("message")
        .where(({ eb, selectFrom }) => {
          const archived = selectFrom("archive_index").select("seq").where("owner_id", "=", owner);
          return eb("seq", "in", archived.union(selectFrom("pending").select("seq").where("owner_id", "=", owner)));
        })
        .where(({ not, exists, selectFrom }) => {
          const theirs = selectFrom("archive").select("seq").whereRef("archive.seq", "=", "message.seq");
          return not(exists(theirs.where("owner_id", "<>", owner)));
        })
        .where(({ not, exists, selectFrom }) => {
          const theirs = selectFrom("pending").select("seq").whereRef("pending.seq", "=", "message.seq");
          return not(exists(theirs.where("owner_id", "<>", owner)));
        }),
    ),
    archive: query(connection, (owner: Slot<number>) =>
      tables
        .deleteFrom("archive")
        .where("owner_id", "=", owner)
        .where("seq", "in", tables.selectFrom("archive_index").select("seq").where("owner_id", "=", owner)),
    ),
    archiveIndex: query(connection, (owner: Slot<number>) =>
      tables.deleteFrom("archive_index").where("owner_id", "=", owner),
    ),
    pending: query(connection, (owner: Slot<number>) => tables.deleteFrom("pending").where("owner_id", "=", owner)),
    account: query(connection, (owner: Slot<number>) => tables.deleteFrom("account").where("id", "=", owner)),
  };
}
