/**
 * The tables as Kysely sees them; migrations.ts makes them. Columns that hold JSON are text here. A message has one row in
 * the log of its owner.
 * @module
 */
import type { Generated, Kysely } from "kysely";
import type { OwnerKind } from "../store.ts";

/** Who has a log. */
export interface OwnerTable {
  id: Generated<number>;
  jid: string;
  kind: "account" | OwnerKind;
}

/** `id` is the owner's. */
export interface AccountTable {
  id: number;
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

/** `id` grows with every row. Only what is archived has a `peer_id`, only what waits has rules and a deadline. */
export interface LogTable {
  id: number;
  owner_id: number;
  seq: number;
  peer_id: number | null;
  text: string;
  archived: number;
  waits: number;
  rules: string | null;
  deadline: number | null;
  /** Of a tracked message that waits. */
  timeline: string | null;
}

/** What is archived, but for the newest rows of the log (see log_pass.ts). */
export interface LogByPeerTable {
  owner_id: number;
  peer_id: number;
  seq: number;
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

/** A tracked message; `n` grows with each. JIDs as they were written, and the numbers of their bare ones in `peer`. */
export interface TimelineTable {
  n: Generated<number>;
  id: string;
  key: string | null;
  digest: string | null;
  stanza: string | null;
  sender: string;
  recipient: string;
  sender_id: number;
  recipient_id: number;
  at: number;
  settled: Generated<string | null>;
}

export interface TimelineStepTable {
  cursor: Generated<number>;
  timeline_n: number;
  at: number;
  kind: string;
  detail: string | null;
  settles: string | null;
}

/** Steps whose timeline is not opened; `n` grows with each. */
export interface EarlyStepTable {
  n: Generated<number>;
  timeline: string;
  at: number;
  kind: string;
  detail: string | null;
  settles: string | null;
}

/** How far those have come who follow the steps. */
export interface FollowerTable {
  name: string;
  state: string;
}

export interface StreamTable {
  id: string;
  account: string;
  h: number;
  at: number;
}

/** Of the HTTP API; `scopes` with spaces between them. */
export interface ArrivalTable {
  domain: string;
  /** JSON. */
  ids: string;
  at: number;
}

export interface TokenTable {
  name: string;
  hash: string;
  scopes: string;
  at: number;
}

/** `idKey` (base64), `lastSeq` and `peerIndexId`. */
export interface MetaTable {
  key: string;
  value: string;
}

export interface Schema {
  owner: OwnerTable;
  account: AccountTable;
  roster: RosterTable;
  subscription_request: SubscriptionRequestTable;
  block: BlockTable;
  peer: PeerTable;
  log: LogTable;
  log_by_peer: LogByPeerTable;
  document: DocumentTable;
  pubsub_node: PubsubNodeTable;
  pubsub_item: PubsubItemTable;
  usage: UsageTable;
  timeline: TimelineTable;
  timeline_step: TimelineStepTable;
  early_step: EarlyStepTable;
  follower: FollowerTable;
  stream: StreamTable;
  token: TokenTable;
  arrival: ArrivalTable;
  meta: MetaTable;
}

export type Tables = Kysely<Schema>;
