/** What is there at this moment, counted when somebody asks: sessions, and letters that wait. @module */
import type { Connection } from "./connection.ts";

/** `detached`: without a connection, until it is resumed or given up. */
export type SessionPlace = Connection["transport"] | "detached";

/** Kinds of actors that have one mailbox or many. */
export type MailboxKind = "session" | "user" | "delivery" | "hop" | "store" | "expiry";

export interface Census {
  readonly sessions: Record<SessionPlace, number>;
  /** Letters in the longest mailbox of each kind. */
  readonly mailboxes: Record<MailboxKind, number>;
}

export const EMPTY: Census = {
  sessions: { websocket: 0, bosh: 0, tcp: 0, detached: 0 },
  mailboxes: { session: 0, user: 0, delivery: 0, hop: 0, store: 0, expiry: 0 },
};

interface CountedSession {
  readonly length: number;
  readonly place: SessionPlace;
}

export function countSessions(sessions: Iterable<CountedSession>): Census["sessions"] {
  const counts = { ...EMPTY.sessions };
  for (const { place } of sessions) counts[place]++;
  return counts;
}

export function longest(mailboxes: Iterable<{ readonly length: number }>): number {
  let most = 0;
  for (const { length } of mailboxes) if (length > most) most = length;
  return most;
}
