/** The log: one row a message for its owner, as long as the owner's archive has it or it waits. @module */

/**
 * A message waits for its owner. `rules` is opaque text of the AMP rule state; `deadline` the earliest undecided `expire-at`.
 */
export interface Waiting {
  readonly rules?: string | undefined;
  /** The id of the timeline of a tracked message. */
  readonly timeline?: string | undefined;
  readonly deadline?: number | undefined;
}

/** A row in one owner's log, for the owner's archive, or as what waits for the owner, or both. */
export interface NewMessage {
  readonly owner: string;
  readonly seq: number;
  readonly text: string;
  /** The bare JID of the other side, where the owner's archive has the message. */
  readonly peer?: string | undefined;
  readonly waiting?: Waiting | undefined;
}

export interface PendingMessage {
  readonly seq: number;
  readonly text: string;
  readonly rules: string | undefined;
  readonly timeline?: string | undefined;
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

/** What waits in all logs together. */
export interface WaitingSummary {
  readonly messages: number;
  /** The number of the oldest; undefined: nothing waits. */
  readonly oldest: number | undefined;
  /** Deadlines that have passed. */
  readonly due: number;
}

export interface LogOperations {
  /**
   * A row of an owner without a log is left out, and one that is neither archived nor waits. A row that is there already stays
   * as it is, but that it may begin to wait. An archive that becomes larger than its owner's quota loses its oldest rows:
   * returns those owners, where there are any.
   */
  append(messages: readonly NewMessage[]): readonly string[] | undefined;
  /**
   * A message in the owner's log, as of this batch, waits; where it waits already, its rules stay. A fault where the message
   * is not in that log.
   */
  pend(entries: readonly { readonly owner: string; readonly seq: number; readonly waiting: Waiting }[]): void;
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
  /** Of committed rows; `until`: a deadline at or before it has passed. Reads an index of all that waits. */
  waitingSummary(until: number): WaitingSummary;
  /** Owners without an account for whom committed rows wait. */
  waitingOwners(): readonly string[];
}
