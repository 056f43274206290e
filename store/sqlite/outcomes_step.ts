/**
 * The step that brings timelines: tables of their own, and a column for the rows that wait. No foreign keys: each would cost a
 * look-up for every step. An index on `at` or `timeline_n` has the row number too, which gives the order within it.
 * @module
 */
export const OUTCOMES_STEP: readonly string[] = [
  `create table timeline (
    n integer primary key autoincrement,
    id text not null unique,
    key text,
    digest text,
    stanza text,
    sender text not null,
    recipient text not null,
    sender_id integer not null,
    recipient_id integer not null,
    at integer not null,
    settled text
  ) strict`,
  `create unique index timeline_key on timeline (key) where key is not null`,
  `create index timeline_stanza on timeline (stanza, sender_id, at) where stanza is not null`,
  `create index timeline_sender on timeline (sender_id, at)`,
  `create index timeline_recipient on timeline (recipient_id, at)`,
  `create index timeline_settled on timeline (settled, at)`,
  `create index timeline_at on timeline (at)`,
  `create table timeline_step (
    cursor integer primary key autoincrement,
    timeline_n integer not null,
    at integer not null,
    kind text not null,
    detail text,
    settles text
  ) strict`,
  `create index timeline_step_place on timeline_step (timeline_n)`,
  `alter table log add column timeline text`,
];
