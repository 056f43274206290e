/** The log: one row for each owner of a message, as long as the archive has it or it waits. @module */

/** A message's place in one user's archive. `peer` is the other side's bare JID. */
export interface ArchiveEntry {
  readonly owner: string;
  readonly peer: string;
}

/** Of what is for no archive. */
export const NO_ENTRIES: readonly ArchiveEntry[] = [];

/**
 * A message waits for its recipient. `rules` is opaque text of the AMP rule state; `deadline` the earliest undecided
 * `expire-at`.
 */
export interface PendingEntry {
  readonly owner: string;
  readonly rules?: string | undefined;
  readonly deadline?: number | undefined;
}

/** A message has one row in the log of each owner, whose archive has it, or for whom it waits, or both. */
export interface NewMessage {
  readonly seq: number;
  readonly text: string;
  /** Whose archives have it. */
  readonly archive: readonly ArchiveEntry[];
  readonly pending?: PendingEntry | undefined;
}

export interface PendingMessage {
  readonly seq: number;
  readonly text: string;
  readonly rules: string | undefined;
  readonly deadline: number | undefined;
  /** Whether the owner's archive holds it too. */
  readonly archived: boolean;
}

/** What one sender has waiting for somebody. `sender` is a bare JID, "" where the text tells none; bytes as UTF-8. */
export interface SenderShare {
  readonly sender: string;
  readonly messages: number;
  readonly bytes: number;
}

export interface Deadline {
  readonly owner: string;
  readonly seq: number;
  readonly at: number;
}

export interface LogOperations {
  /**
   * Owners without a log are left out. A row that is there already stays as it is, but that it may begin to wait. An archive
   * that becomes larger than its owner's quota loses its oldest rows: returns those owners, where there are any.
   */
  append(messages: readonly NewMessage[]): readonly string[] | undefined;
  /**
   * A message in the log of `pending.owner`, as of this batch, waits for that owner; where it waits already, its rules stay. A
   * fault where the message is not in that log.
   */
  pend(entries: readonly { readonly seq: number; readonly pending: PendingEntry }[]): void;
  /** Proof of receipt: they wait no more, and are gone where the owner's archive has not got them. */
  settle(entries: readonly { readonly owner: string; readonly seq: number }[]): void;
  /** New rule state of a waiting message. Returns false where it does not wait any more. */
  setRules(owner: string, seq: number, rules: string | undefined, deadline: number | undefined): boolean;
  /** Takes a waiting message out of the owner's log. Returns false where it does not wait any more. */
  withdraw(owner: string, seq: number): boolean;
  pending(owner: string, after: number, limit: number): readonly PendingMessage[];
  /** What waits, by sender, but for the messages of that number. */
  pendingShares(owner: string, without: readonly number[]): readonly SenderShare[];
  /** Waiting messages whose deadline is at or before `until`, earliest first; `after`: beyond that one. */
  due(until: number, limit: number, after?: Pick<Deadline, "at" | "seq">): readonly Deadline[];
  /** The earliest deadline beyond `after`. */
  nextDeadline(after?: number): number | undefined;
}
