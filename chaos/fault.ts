/** The pieces that can be switched off; see server_child.ts. @module */

/**
 * - answer-before-commit: every batch is answered at once and committed up to two seconds later.
 * - settle-at-write: a message stops to wait as soon as it is written to a connection.
 * - direct-at-write: a message counts as received as soon as it is written to a connection.
 */
export const FAULTS = ["answer-before-commit", "settle-at-write", "direct-at-write"] as const;

export type Fault = (typeof FAULTS)[number];

export function isFault(text: string | undefined): text is Fault {
  return FAULTS.some((fault) => fault === text);
}
