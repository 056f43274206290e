/**
 * A segment of the journal of waiting messages as text: a line of JSON, behind it the messages as they are.
 * @module
 */
import type { PackedWaiting } from "./packed_messages.ts";

/** `owner` is an account's row id. */
export interface SegmentPlace {
  readonly seq: number;
  readonly owner: number;
}

export interface SegmentRow extends SegmentPlace {
  readonly text: string;
  readonly rules: string | undefined;
}

/** `gone`: what waits no more, of what earlier segments brought. It went before the new rows came. */
export interface SegmentParts {
  readonly gone: readonly SegmentPlace[];
  readonly rows: readonly SegmentRow[];
}

interface Head {
  /** All others are counted from here: small numbers are quicker to write. */
  readonly seq: number;
  /** Of each, seq and owner. */
  readonly gone: readonly number[];
  /** Of each, seq, owner, and how many UTF-16 units its text has. */
  readonly rows: readonly number[];
  /** By the number of their row. */
  readonly rules: Readonly<Record<number, string>>;
}

const GONE_WIDTH = 2;
const ROW_WIDTH = 3;

export function packSegment(parts: SegmentParts): string {
  const first = (parts.rows[0] ?? parts.gone[0])?.seq ?? 0;
  const rows: number[] = [];
  const rules: Record<number, string> = {};
  let texts = "";
  for (const row of parts.rows) {
    if (row.rules !== undefined) rules[rows.length / ROW_WIDTH] = row.rules;
    rows.push(row.seq - first, row.owner, row.text.length);
    texts += row.text;
  }
  return segmentText({ seq: first, gone: goneNumbers(parts.gone, first), rows, rules }, texts);
}

/** The same of messages as they came. */
export function packWhole(gone: readonly SegmentPlace[], { messages, owners }: PackedWaiting): string {
  const first = messages.firstSeq;
  const rows: number[] = [];
  const rules: Record<number, string> = {};
  messages.forEachRow((seq, units, pending) => {
    if (pending!.rules !== undefined) rules[rows.length / ROW_WIDTH] = pending!.rules;
    rows.push(seq - first, owners.get(pending!)!, units);
  });
  return segmentText({ seq: first, gone: goneNumbers(gone, first), rows, rules }, messages.texts);
}

function goneNumbers(gone: readonly SegmentPlace[], first: number): number[] {
  const numbers: number[] = [];
  for (const { seq, owner } of gone) numbers.push(seq - first, owner);
  return numbers;
}

function segmentText(head: Head, texts: string): string {
  return `${JSON.stringify(head)}\n${texts}`;
}

/** Throws SyntaxError where it is none. */
export function unpackSegment(text: string): SegmentParts {
  const end = text.indexOf("\n");
  const head = JSON.parse(text.slice(0, end)) as Head;
  const gone: SegmentPlace[] = [];
  for (let i = 0; i < head.gone.length; i += GONE_WIDTH) {
    gone.push({ seq: head.seq + head.gone[i]!, owner: head.gone[i + 1]! });
  }
  const rows: SegmentRow[] = [];
  let at = end + 1;
  for (let i = 0; i < head.rows.length; i += ROW_WIDTH) {
    const start = at;
    at += head.rows[i + 2]!;
    const seq = head.seq + head.rows[i]!;
    rows.push({ seq, owner: head.rows[i + 1]!, text: text.slice(start, at), rules: head.rules[i / ROW_WIDTH] });
  }
  return { gone, rows };
}
