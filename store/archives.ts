/** Archives (XEP-0313): the log by pages, and its retention. @module */

/** XEP-0313 section 6 preferences. */
export interface ArchivePreferences {
  readonly default: "always" | "never" | "roster";
  readonly always: readonly string[];
  readonly never: readonly string[];
}

/** A page of one user's archive; all bounds are optional and combine (XEP-0313 section 4, XEP-0059). */
export interface ArchiveQuery {
  readonly owner: string;
  /** Bare JID of the other side. */
  readonly peer?: string | undefined;
  /** Both inclusive, as sequence numbers. */
  readonly from?: number | undefined;
  readonly until?: number | undefined;
  /** Exclusive: XEP-0059 `after` and `before`, XEP-0313 `after-id` and `before-id`. */
  readonly after?: number | undefined;
  readonly before?: number | undefined;
  readonly seqs?: readonly number[] | undefined;
  /**
   * `last` takes the page from the end (an empty RSM `before`, or `before` an id); rows are in ascending order all the
   * same.
   */
  readonly take: "first" | "last";
  readonly limit: number;
  /** Counts all rows within the bounds but after/before; leave it out where nobody asked, it costs an index scan. */
  readonly count?: boolean;
}

export interface ArchivedMessage {
  readonly seq: number;
  readonly text: string;
}

export interface ArchivePage {
  readonly messages: readonly ArchivedMessage[];
  /** Nothing lies beyond the page in its direction. */
  readonly complete: boolean;
  /** Undefined where no count was asked for. */
  readonly total: number | undefined;
}

export interface ArchiveOperations {
  archive(query: ArchiveQuery): ArchivePage;
  /** First and last message (XEP-0313 section 5.2). */
  archiveBounds(owner: string): { readonly first: number; readonly last: number } | undefined;
  /** Retention: removes archive rows below `beforeSeq`, at most `limit`; returns how many went. */
  pruneArchive(beforeSeq: number, limit: number): number;
  /** Retention by count: keeps the newest `keep` rows of one owner; returns how many went. */
  trimArchive(owner: string, keep: number): number;
}
