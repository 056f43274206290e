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

/** A step with the JIDs and the time of its message. */
export interface FollowedStepRow extends KeptStep {
  readonly from: string;
  readonly to: string;
  /** When its timeline was opened, in milliseconds since 1970. */
  readonly began: number;
}

export interface KeptTimeline extends NewTimeline {
  readonly settled: string | undefined;
  readonly steps: readonly KeptStep[];
}

/** All conditions are optional and combine. */
export interface TimelineQuery {
  /** Bare JIDs. */
  readonly from?: string;
  readonly to?: string;
  /** The id attribute of the message. */
  readonly stanza?: string;
  /** The kind of the outcome; "": not settled yet. */
  readonly settled?: string;
  /** Milliseconds since 1970, inclusive. */
  readonly since?: number;
  /** The id of the last one of the page before. Where it is gone, so are all that would come after it: the page is empty. */
  readonly after?: string;
  readonly limit: number;
}

export interface KnownTimeline {
  readonly id: string;
  /** As it was kept when the timeline was opened. */
  readonly digest: string | undefined;
}

export interface OutcomeOperations {
  /** Opens a timeline. Where the key or the id is known already: tells of that timeline, and writes nothing. */
  openTimeline(timeline: NewTimeline): KnownTimeline | undefined;
  /**
   * Adds steps in their order; their cursors grow in the order of the commits, and none is given twice. Leaves out what comes
   * behind a step that settles its timeline. Steps of an unknown timeline, which another process may be opening, wait unseen until
   * it is opened.
   */
  noteSteps(steps: readonly NewStep[]): void;
  timeline(id: string): KeptTimeline | undefined;
  timelineOfKey(key: string): KeptTimeline | undefined;
  /** Newest first. */
  timelines(query: TimelineQuery): readonly Omit<KeptTimeline, "steps">[];
  /** Steps of all timelines beyond that cursor, in its order. */
  stepsAfter(cursor: number, limit: number): readonly FollowedStepRow[];
  /** The cursor of the newest step that is kept; 0: there is none. */
  lastStep(): number;
  /** Removes the oldest timelines with their steps, settled or not, that began before that time, and steps that wait since then; returns how many timelines went. */
  pruneTimelines(before: number, limit: number): number;
  /** How far somebody who follows the steps has come, in words of its own. */
  putFollower(name: string, state: string): void;
  follower(name: string): string | undefined;
}
