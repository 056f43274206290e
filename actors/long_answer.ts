/**
 * A long answer to a client occupies the process with its text, its encoding and its way to the socket. The account's next
 * request waits in proportion, so that other clients are served in between and what waits to be sent stays little.
 * @module
 */

/** UTF-16 units of an answer for which nothing waits. */
const FREE_UNITS = 32_768;
/** Units for each millisecond of waiting: several times what writing them takes. */
const UNITS_OF_MS = 32_768;

/** How long the next request waits after so much, in milliseconds. */
export function restAfter(units: number): number {
  return units <= FREE_UNITS ? 0 : Math.ceil(units / UNITS_OF_MS);
}
