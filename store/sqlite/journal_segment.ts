/**
 * What one transaction brought into the journal of waiting messages: as it came, or row by row once somebody has asked.
 * @module
 */
import type { PackedWaiting } from "./packed_messages.ts";
import type { SegmentRow } from "./segment_text.ts";

export interface Row extends SegmentRow {
  text: string;
  readonly segment: Segment;
  /** It does not wait any more, or not here. */
  isGone: boolean;
}

/** What one transaction brought. */
export interface Segment {
  readonly id: number;
  /** Nobody has asked for any of its rows yet: it has none here, and they do not stand among their owners' either. */
  packed: PackedWaiting | undefined;
  rows: Row[];
  /** Before this place among the rows all are gone. */
  first: number;
  units: number;
  /** How many of its rows still wait here. */
  live: number;
  /** Its text has nothing that is gone, and tells of nothing that is. */
  isCompact: boolean;
  isDropped: boolean;
}

/** Of a packed segment, which is that no longer. */
export function rowsOf(segment: Segment): Row[] {
  const { messages, owners } = segment.packed!;
  segment.packed = undefined;
  segment.live = 0;
  const rows: Row[] = [];
  for (const { seq, text, pending } of messages) {
    rows.push({ seq, owner: owners.get(pending!)!, text, rules: pending!.rules, segment, isGone: false });
  }
  return rows;
}

/** How many rows its text has, once it is written. */
export function sizeOf({ packed, rows }: Segment): number {
  return packed === undefined ? rows.length : packed.messages.length;
}

export function isLive(row: Row): boolean {
  return !row.isGone;
}

/** At most `most` rows that still wait, and marks their places as passed. */
export function takeOldest(segment: Segment, most: number): Row[] {
  const { rows } = segment;
  const taken: Row[] = [];
  let at = segment.first;
  for (; at < rows.length && taken.length < most; at++) if (isLive(rows[at]!)) taken.push(rows[at]!);
  segment.first = at;
  return taken;
}

/**
 * Makes the texts of rows parts of their segment's. As they came they are parts of a whole batch, which would stay in
 * memory for one of them. Returns their length.
 */
export function shareText(rows: readonly Row[], segment: string): number {
  const start = segment.indexOf("\n") + 1;
  let at = start;
  for (const row of rows) {
    const end = at + row.text.length;
    row.text = segment.slice(at, end);
    at = end;
  }
  return at - start;
}

export function newSegment(id: number): Segment {
  return { id, packed: undefined, rows: [], first: 0, units: 0, live: 0, isCompact: false, isDropped: false };
}
