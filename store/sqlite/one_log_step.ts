/**
 * The step to one log an owner: from a table of texts, one of what is archived, one of what waits, and a journal of what has
 * waited lately. Needs room for the texts of what is archived twice more, as long as it runs.
 * @module
 */
import { type Kysely, sql } from "kysely";

/** Whoever has a log becomes an owner; what is an account's alone goes to a table of its own. Gateways were accounts without a local part. */
const OWNERS: readonly string[] = [
  `alter table account rename to owner`,
  `create table account (
    id integer primary key references owner (id) on delete cascade,
    created_at integer not null,
    credentials text not null,
    roster_version integer not null default 0,
    forward_to text,
    archive_preferences text,
    last_activity_at integer,
    last_activity_status text
  ) strict`,
  `insert into account select id, created_at, credentials, roster_version, forward_to, archive_preferences,
    last_activity_at, last_activity_status from owner where jid like '%@%'`,
  `alter table owner add column kind text not null default 'account'`,
  `update owner set kind = 'gateway' where jid not like '%@%'`,
  ...["created_at", "credentials", "roster_version", "forward_to", "archive_preferences"].map(dropOwnerColumn),
  ...["last_activity_at", "last_activity_status"].map(dropOwnerColumn),
];

function dropOwnerColumn(column: string): string {
  return `alter table owner drop column ${column}`;
}

/** The indices come after the rows: it is quicker so. No foreign keys: each would cost a look-up for every row written. */
const ROWS: readonly string[] = [
  `create table log (
    id integer primary key,
    owner_id integer not null,
    seq integer not null,
    peer_id integer,
    text text not null,
    archived integer not null,
    waits integer not null,
    rules text,
    deadline integer
  ) strict`,
  `insert into log (owner_id, seq, peer_id, text, archived, waits, rules, deadline)
    select a.owner_id, a.seq, a.peer_id, m.text, 1, p.seq is not null, p.rules, p.deadline
    from archive a join message m on m.seq = a.seq
    left join pending p on p.seq = a.seq and p.owner_id = a.owner_id order by a.seq, a.owner_id`,
  `insert into log (owner_id, seq, text, archived, waits, rules, deadline)
    select p.owner_id, p.seq, m.text, 0, 1, p.rules, p.deadline
    from pending p join message m on m.seq = p.seq
    where not exists (select 1 from archive a where a.seq = p.seq and a.owner_id = p.owner_id)
    order by p.seq, p.owner_id`,
  `create unique index log_place on log (owner_id, seq)`,
];

const REST: readonly string[] = [
  `create index log_waiting on log (owner_id, seq) where waits = 1`,
  `create index log_deadline on log (deadline, seq) where deadline is not null`,
  `create index log_age on log (seq) where archived = 1`,
  `create table log_by_peer (
    owner_id integer not null,
    peer_id integer not null,
    seq integer not null,
    primary key (owner_id, peer_id, seq)
  ) strict, without rowid`,
  `insert into log_by_peer select owner_id, peer_id, seq from log where archived = 1 order by owner_id, peer_id, seq`,
  `insert into meta (key, value) select 'peerIndexId', coalesce(max(id), 0) from log`,
  `delete from meta where key in ('indexedSeq', 'usageSeq')`,
  `update usage set archive = 0`,
  `insert into usage (owner_id, archive, kept)
    select owner_id, sum(octet_length(text)), 0 from log where archived = 1 group by owner_id
    on conflict (owner_id) do update set archive = excluded.archive`,
  `drop table pending_journal`,
  `drop table pending`,
  `drop table archive_index`,
  `drop table archive`,
  `drop table message`,
];

export async function oneLog(database: Kysely<unknown>): Promise<void> {
  for (const statement of [...OWNERS, ...ROWS]) await sql.raw(statement).execute(database);
  for (const { owner, seq, text, rules } of await waitingInJournal(database)) {
    const row = sql`insert into log (owner_id, seq, text, archived, waits, rules)
      values (${owner}, ${seq}, ${text}, 0, 1, ${rules ?? null})
      on conflict (owner_id, seq) do update set waits = 1, rules = excluded.rules`;
    await row.execute(database);
  }
  for (const statement of REST) await sql.raw(statement).execute(database);
}

interface JournalRow {
  readonly seq: number;
  readonly owner: number;
  readonly text: string;
  readonly rules: string | undefined;
}

/** Of a segment: a line of JSON, behind it the texts. Numbers are counted from `seq`. */
interface SegmentHead {
  readonly seq: number;
  /** Of what earlier segments brought and waits no more: seq and owner of each. */
  readonly gone: readonly number[];
  /** Seq, owner, and how many UTF-16 units the text has. */
  readonly rows: readonly number[];
  /** By the number of their row. */
  readonly rules: Readonly<Record<number, string>>;
}

/** The journal had a bound of about 30 MB. */
async function waitingInJournal(database: Kysely<unknown>): Promise<Iterable<JournalRow>> {
  const waiting = new Map<string, JournalRow>();
  const segments = await sql<{ text: string }>`select text from pending_journal order by id`.execute(database);
  for (const { text } of segments.rows) {
    const end = text.indexOf("\n");
    const { seq: first, gone, rows, rules } = JSON.parse(text.slice(0, end)) as SegmentHead;
    for (let i = 0; i < gone.length; i += 2) waiting.delete(`${first + gone[i]!} ${gone[i + 1]}`);
    let at = end + 1;
    for (let i = 0; i < rows.length; i += 3) {
      const [seq, owner, start] = [first + rows[i]!, rows[i + 1]!, at];
      at += rows[i + 2]!;
      waiting.set(`${seq} ${owner}`, { seq, owner, text: text.slice(start, at), rules: rules[i / 3] });
    }
  }
  return waiting.values();
}
