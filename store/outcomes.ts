/** The timelines of tracked messages: what happened to each, appended to and never changed. @module */

/** A message whose steps are kept. */
export interface NewTimeline {
  readonly id: string;
  /** The application's idempotency key. */
  readonly key?: string | undefined;
  /** Of the message that the key stands for: another message under the same key is a fault of the caller. */
  readonly digest?: string | undefined;
  /** The id attribute of the message, as its sender has set it. */
  readonly stanza?: string | undefined;
  /** JIDs as text. */
  readonly from: string;
  readonly to: string;
  /** Milliseconds since 1970. */
  readonly at: number;
}

export interface NewStep {
  /** The id of its timeline. */
  readonly timeline: string;
  readonly at: number;
  /** Opaque to the store. */
  readonly kind: string;
  /** JSON. */
  readonly detail?: string | undefined;
  /** The step ends the timeline with an outcome of this kind. */
  readonly settles?: string | undefined;
}

export interface KeptStep {
  readonly cursor: number;
  readonly timeline: string;
  readonly at: number;
  readonly kind: string;
  readonly detail: string | undefined;
  readonly settles: string | undefined;
}

export interface KeptTimeline extends NewTimeline {
  readonly settled: string | undefined;
  readonly steps: readonly KeptStep[];
}

export interface TimelineQuery {
  /** Bare JIDs. */
  readonly from?: string;
  readonly to?: string;
  /** The id attribute; together with `from`. */
  readonly stanza?: string;
  /** The kind of the outcome; "": not settled yet. */
  readonly settled?: string;
  readonly since?: number;
  /** The id of the last one of the page before. */
  readonly after?: string;
  readonly limit: number;
}

export interface OutcomeOperations {
  openTimeline(timeline: NewTimeline): {
    readonly id: string;
    readonly isNew: boolean;
    readonly digest: string | undefined;
  };
  noteSteps(steps: readonly NewStep[]): number;
  timeline(id: string): KeptTimeline | undefined;
  timelineOfKey(key: string): KeptTimeline | undefined;
  timelines(query: TimelineQuery): readonly Omit<KeptTimeline, "steps">[];
  stepsAfter(cursor: number, limit: number): readonly KeptStep[];
  pruneTimelines(before: number, limit: number): number;
}
