/**
 * The tables as Kysely sees them; migrations.ts makes them. Columns that hold JSON are text here. `archive` and
 * `pending` are ordered by message, like the log itself. `archive_index` has the rows of `archive` again, by owner and
 * by peer, but for the newest (see archive_tail.ts). What waits is in `pending`, with its text in `message`, or in
 * `pending_journal` (see pending_journal.ts).
 * @module
 */
import type { Generated, Kysely } from "kysely";

export interface AccountTable {
  id: Generated<number>;
  jid: string;
  created_at: number;
  credentials: string;
  roster_version: Generated<number>;
  forward_to: string | null;
  archive_preferences: string | null;
  last_activity_at: number | null;
  last_activity_status: string | null;
}

export interface RosterTable {
  owner_id: number;
  jid: string;
  name: string;
  subscription: "none" | "to" | "from" | "both";
  ask: number;
  approved: number;
  groups: string;
}

export interface SubscriptionRequestTable {
  owner_id: number;
  jid: string;
  text: string;
}

export interface BlockTable {
  owner_id: number;
  jid: string;
}

export interface PeerTable {
  id: Generated<number>;
  jid: string;
}

export interface MessageTable {
  seq: number;
  text: string;
}

export interface ArchiveTable {
  seq: number;
  owner_id: number;
  peer_id: number;
}

export interface PendingTable {
  seq: number;
  owner_id: number;
  rules: string | null;
  deadline: number | null;
}

/** What one transaction brought and took away, as segment_text.ts writes it. */
export interface PendingJournalTable {
  id: number;
  text: string;
}

export interface DocumentTable {
  owner_id: number;
  kind: string;
  key: string;
  text: string;
}

export interface PubsubNodeTable {
  owner_id: number;
  node: string;
  config: string;
}

/** `position` grows with every publication. */
export interface PubsubItemTable {
  position: Generated<number>;
  owner_id: number;
  node: string;
  id: string;
  publisher: string;
  text: string;
  at: number;
}

/** Bytes as UTF-8; see account_usage.ts. */
export interface UsageTable {
  owner_id: number;
  archive: number;
  kept: number;
}

export interface StreamTable {
  id: string;
  account: string;
  h: number;
  at: number;
}

/** `idKey` (base64), `lastSeq`, `indexedSeq` and `usageSeq`. */
export interface MetaTable {
  key: string;
  value: string;
}

export interface Schema {
  account: AccountTable;
  roster: RosterTable;
  subscription_request: SubscriptionRequestTable;
  block: BlockTable;
  peer: PeerTable;
  message: MessageTable;
  archive: ArchiveTable;
  archive_index: ArchiveTable;
  pending: PendingTable;
  pending_journal: PendingJournalTable;
  document: DocumentTable;
  pubsub_node: PubsubNodeTable;
  pubsub_item: PubsubItemTable;
  usage: UsageTable;
  stream: StreamTable;
  meta: MetaTable;
}

export type Tables = Kysely<Schema>;
