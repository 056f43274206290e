/**
 * How much may wait in this process for one peer, in bytes or UTF-16 units: who does not read gets no more. What a
 * session bounds by itself are messages without proof; this bounds the answers and presence that nobody waits for, too.
 */
export const MAX_BACKLOG = 16 * 1_048_576;

/** The same before it is known who the client is, of whom there may be many; in either direction. */
export const MAX_STRANGER_BACKLOG = 65_536;
