/**
 * The database's making, step by step. A step that was released is never changed: a change is a new step.
 * @module
 */
import { type Kysely, type Migration, type MigrationProvider, Migrator, sql } from "kysely";
import { StoreFault } from "../store.ts";
import { ARRIVALS_STEP } from "./arrivals.ts";
import { oneLog } from "./one_log_step.ts";
import { OUTCOMES_STEP } from "./outcomes_step.ts";
import type { Tables } from "./schema.ts";
import { TOKENS_STEP } from "./tokens.ts";

const FIRST_STEP: readonly string[] = [
  `create table meta (key text primary key, value text not null) strict, without rowid`,

  `create table account (
    id integer primary key,
    jid text not null unique,
    created_at integer not null,
    credentials text not null,
    roster_version integer not null default 0,
    forward_to text,
    archive_preferences text,
    last_activity_at integer,
    last_activity_status text
  ) strict`,

  `create table roster (
    owner_id integer not null references account (id) on delete cascade,
    jid text not null,
    name text not null,
    subscription text not null,
    ask integer not null,
    approved integer not null,
    groups text not null,
    primary key (owner_id, jid)
  ) strict, without rowid`,

  `create table subscription_request (
    owner_id integer not null references account (id) on delete cascade,
    jid text not null,
    text text not null,
    primary key (owner_id, jid)
  ) strict, without rowid`,

  `create table block (
    owner_id integer not null references account (id) on delete cascade,
    jid text not null,
    primary key (owner_id, jid)
  ) strict, without rowid`,

  `create table peer (id integer primary key, jid text not null unique) strict`,

  // The log and what points at it have no foreign keys: each would cost a look-up for every row written.
  `create table message (seq integer primary key, text text not null) strict`,

  `create table archive (
    seq integer not null,
    owner_id integer not null,
    peer_id integer not null,
    primary key (seq, owner_id)
  ) strict, without rowid`,
  `create table archive_index (
    owner_id integer not null,
    seq integer not null,
    peer_id integer not null,
    primary key (owner_id, seq)
  ) strict, without rowid`,
  `create index archive_index_peer on archive_index (owner_id, peer_id, seq)`,

  `create table pending (
    seq integer not null,
    owner_id integer not null,
    rules text,
    deadline integer,
    primary key (seq, owner_id)
  ) strict, without rowid`,
  `create index pending_owner on pending (owner_id, seq)`,
  `create index pending_deadline on pending (deadline) where deadline is not null`,

  `create table document (
    owner_id integer not null references account (id) on delete cascade,
    kind text not null,
    key text not null,
    text text not null,
    primary key (owner_id, kind, key)
  ) strict`,

  `create table pubsub_node (
    owner_id integer not null references account (id) on delete cascade,
    node text not null,
    config text not null,
    primary key (owner_id, node)
  ) strict, without rowid`,

  `create table pubsub_item (
    position integer primary key,
    owner_id integer not null,
    node text not null,
    id text not null,
    publisher text not null,
    text text not null,
    at integer not null,
    unique (owner_id, node, id),
    foreign key (owner_id, node) references pubsub_node (owner_id, node) on delete cascade
  ) strict`,
  `create index pubsub_item_position on pubsub_item (owner_id, node, position)`,

  `create table stream (
    id text primary key,
    account text not null,
    h integer not null,
    at integer not null
  ) strict, without rowid`,
  `create index stream_at on stream (at)`,
];

/** What one transaction has brought to wait, and taken away; see one_log_step.ts. */
const JOURNAL_STEP: readonly string[] = [
  `create table pending_journal (id integer primary key, text text not null) strict`,
];

/** See account_usage.ts. What is there already is counted once. */
const USAGE_STEP: readonly string[] = [
  `create table usage (
    owner_id integer primary key references account (id) on delete cascade,
    archive integer not null,
    kept integer not null
  ) strict`,
  `insert into usage (owner_id, archive, kept)
    select a.id, 0, 0 from account a`,
  `update usage set archive = total from (
    select a.owner_id as owner, sum(octet_length(m.text)) as total
      from archive a join message m on m.seq = a.seq group by a.owner_id
    ) where owner_id = owner`,
  `update usage set kept = total from (
    select owner_id as owner, sum(size) as total from (
      select owner_id, octet_length(key) + octet_length(text) as size from document
      union all select owner_id, octet_length(node) + octet_length(config) from pubsub_node
      union all select owner_id, octet_length(id) + octet_length(text) from pubsub_item
    ) group by owner_id
  ) where owner_id = owner`,
  `insert or replace into meta (key, value) select 'usageSeq', coalesce(max(seq), 0) from archive`,
];

/** How far those have come who follow the steps of messages. */
const FOLLOWERS_STEP: readonly string[] = [
  `create table follower (name text primary key, state text not null) strict, without rowid`,
];

/** Steps that come before their timeline. */
const EARLY_STEPS_STEP: readonly string[] = [
  `create table early_step (
    n integer primary key,
    timeline text not null,
    at integer not null,
    kind text not null,
    detail text,
    settles text
  ) strict`,
  `create index early_step_timeline on early_step (timeline)`,
  `create index early_step_at on early_step (at)`,
];

/** Those for whom messages wait, and who are no accounts: a few among many. */
const OTHER_OWNERS_STEP: readonly string[] = [`create index owner_other on owner (jid) where kind != 'account'`];

function statements(step: readonly string[]): Migration {
  return {
    async up(database: Kysely<unknown>): Promise<void> {
      for (const statement of step) await sql.raw(statement).execute(database);
    },
  };
}

const MIGRATIONS: Readonly<Record<string, Migration>> = {
  "0001_first": statements(FIRST_STEP),
  "0002_pending_journal": statements(JOURNAL_STEP),
  "0003_usage": statements(USAGE_STEP),
  "0004_one_log": { up: oneLog },
  "0005_outcomes": statements(OUTCOMES_STEP),
  "0006_followers": statements(FOLLOWERS_STEP),
  "0007_tokens": statements(TOKENS_STEP),
  "0008_early_steps": statements(EARLY_STEPS_STEP),
  "0009_other_owners": statements(OTHER_OWNERS_STEP),
  "0010_arrivals": statements(ARRIVALS_STEP),
};

/** Whether this version knows a step that a database has taken. */
export function isKnownStep(name: string): boolean {
  return name in MIGRATIONS;
}

const provider: MigrationProvider = {
  getMigrations: async () => ({ ...MIGRATIONS }),
};

/**
 * Brings the database to the newest step. Throws what SQLite throws, and StoreFault for a database of a newer version.
 */
export async function migrate(tables: Tables): Promise<void> {
  const { error } = await new Migrator({ db: tables, provider }).migrateToLatest();
  if (error === undefined) return;
  if (error instanceof Error && error.message.startsWith("corrupted migrations")) {
    const message = `Cannot use the database: a newer version of this server has changed it (${error.message})`;
    throw new StoreFault("failed", message, { cause: error });
  }
  throw error;
}
