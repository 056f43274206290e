/**
 * Most output that may wait in this process for one peer, in bytes or UTF-16 units; a peer that does not read is
 * disconnected. A session itself bounds messages without proof; this bounds answers and presence as well.
 */
export const MAX_BACKLOG = 16 * 1_048_576;

/** The same before authentication, for input and for output: there may be many such peers. */
export const MAX_STRANGER_BACKLOG = 65_536;
