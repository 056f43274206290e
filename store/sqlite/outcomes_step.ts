/** The step that brings timelines: tables of their own, and a column for the rows that wait. @module */
export const OUTCOMES_STEP: readonly string[] = [
  `create table timeline (
    n integer primary key autoincrement,
    id text not null unique,
    key text unique,
    digest text,
    stanza text,
    sender text not null,
    recipient text not null,
    sender_bare text not null,
    recipient_bare text not null,
    at integer not null,
    settled text
  ) strict`,
  `create index timeline_at on timeline (at)`,
  `create index timeline_sender on timeline (sender_bare, n)`,
  `create index timeline_recipient on timeline (recipient_bare, n)`,
  `create index timeline_open on timeline (n) where settled is null`,
  `create table timeline_step (
    cursor integer primary key autoincrement,
    timeline_n integer not null,
    at integer not null,
    kind text not null,
    detail text,
    settles text
  ) strict`,
  `create index timeline_step_place on timeline_step (timeline_n, cursor)`,
  `alter table log add column timeline text`,
];
