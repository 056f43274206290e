/** Which messages have come from other servers: a message that comes again is known by its id, also after a restart. @module */

export interface ArrivedMessages {
  /** Of the server that has sent them. */
  readonly domain: string;
  /** As that server has set them; the oldest first. */
  readonly ids: readonly string[];
  /** When the last one came, milliseconds since 1970. */
  readonly at: number;
}

export interface ArrivalOperations {
  /** In place of those that were kept for that server. Only the `keep` servers heard last remain. */
  putArrivals(arrived: ArrivedMessages, keep: number): void;
  /** Of all servers, the one heard last first. */
  arrivals(): readonly ArrivedMessages[];
}
