/** The faults that can be injected; see server_child.ts. @module */

/**
 * - answer-before-commit: every batch is answered at once and committed up to two seconds later.
 * - settle-at-write: a message stops waiting as soon as it is written to a connection.
 * - direct-at-write: a message counts as received as soon as it is written to a connection.
 * - steps-before-commit: the steps of a message with a key are committed before what makes them true.
 * - cursor-skips: a follower does not get one of forty steps.
 */
export const FAULTS = [
  "answer-before-commit",
  "settle-at-write",
  "direct-at-write",
  "steps-before-commit",
  "cursor-skips",
] as const;

export type Fault = (typeof FAULTS)[number];

export function isFault(text: string | undefined): text is Fault {
  return FAULTS.some((fault) => fault === text);
}
