/** Counts of resumable streams (XEP-0198). @module */

/** How many stanzas of a resumable stream are handled for good (XEP-0198 `h`), as of `at`. */
export interface StreamCount {
  readonly id: string;
  readonly account: string;
  readonly h: number;
  readonly at: number;
}

export interface StreamOperations {
  putStreams(counts: readonly StreamCount[]): void;
  stream(id: string): StreamCount | undefined;
  /** Removes what is older than `before`; returns how many went. */
  pruneStreams(before: number): number;
}
