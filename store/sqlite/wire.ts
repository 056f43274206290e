/**
 * Batches and replies between threads, as JSON text: cloning a text costs half of what cloning its objects does.
 * A parameter or a field that is undefined arrives as undefined.
 * @module
 */
import type {
  ArchiveEntry,
  NewMessage,
  PendingEntry,
  StoreCall,
  StoreFaultKind,
  StoreReply,
  StoreStart,
} from "../store.ts";
import { StoreFault } from "../store.ts";

/** What the worker is asked: to open, to close, or to run a batch. */
export type Question = "open" | "close" | readonly StoreCall[];

interface PackedFault {
  readonly kind: StoreFaultKind;
  readonly message: string;
}

type PackedReply = { readonly value?: unknown } | { readonly fault: PackedFault };

/** The answer to a usual batch of writes, in which every call succeeded and answered nothing. */
const ALL_DONE = "";

type PackedRow = readonly [seq: number, units: number, archive: readonly ArchiveEntry[] | 0, pending: PendingEntry | 0];

/** The texts of messages stand behind the JSON as they are: in it, each of their quotes would be escaped. */
export function packQuestion(question: Question): string {
  if (typeof question === "string") return JSON.stringify(question);
  const calls: unknown[] = [];
  // Added piece by piece, they are copied once, when the message leaves; joined, each by itself as well.
  let texts = "";
  for (const call of question) {
    if (call[0] !== "append") {
      calls.push(call);
      continue;
    }
    const rows: PackedRow[] = [];
    for (const { seq, text, archive, pending } of call[1]) {
      rows.push([seq, text.length, archive.length === 0 ? 0 : archive, pending ?? 0]);
      texts += text;
    }
    calls.push(["append", rows]);
  }
  return `${JSON.stringify(calls)}\n${texts}`;
}

export function unpackQuestion(text: string): Question {
  const end = text.indexOf("\n");
  if (end === -1) return JSON.parse(text) as Question;
  const calls = JSON.parse(text.slice(0, end)) as unknown[][];
  let at = end + 1;
  const row = ([seq, units, archive, pending]: PackedRow): NewMessage => {
    const start = at;
    at += units;
    return {
      seq,
      text: text.slice(start, at),
      archive: archive === 0 ? [] : archive,
      pending: pending === 0 ? undefined : pending,
    };
  };
  return calls.map(([method, ...parameters]) => {
    if (method === "append") return ["append", (parameters[0] as PackedRow[]).map(row)];
    // JSON makes null of a parameter that was left out; no operation takes null.
    return [method, ...parameters.map((parameter) => parameter ?? undefined)];
  }) as unknown as Question;
}

export function packReplies(replies: readonly StoreReply[]): string {
  if (replies.every((reply) => !("fault" in reply) && reply.value === undefined)) return ALL_DONE;
  return JSON.stringify(replies.map((reply) => ("fault" in reply ? { fault: faultFields(reply.fault) } : reply)));
}

/** `count`: how many calls the batch had. Throws the StoreFault of the whole batch. */
export function unpackReplies(text: string, count: number): StoreReply[] {
  if (text === ALL_DONE) return Array.from({ length: count }, () => ({ value: undefined }));
  const packed = unpackAnswer<readonly PackedReply[]>(text);
  return packed.map((reply) => ("fault" in reply ? { fault: faultOf(reply.fault) } : { value: reply.value }));
}

export function packStart(start: StoreStart): string {
  return JSON.stringify({ lastSeq: start.lastSeq, idKey: Array.from(start.idKey) });
}

/** Throws the StoreFault. */
export function unpackStart(text: string): StoreStart {
  const { lastSeq, idKey } = unpackAnswer<{ lastSeq: number; idKey: number[] }>(text);
  return { lastSeq, idKey: Uint8Array.from(idKey) };
}

/** The answer where nothing that was asked happened. */
export function packFault(fault: StoreFault): string {
  return JSON.stringify({ failed: faultFields(fault) });
}

function unpackAnswer<T>(text: string): T {
  const answer = JSON.parse(text);
  if ("failed" in answer) throw faultOf(answer.failed);
  return answer;
}

function faultFields(fault: StoreFault): PackedFault {
  return { kind: fault.kind, message: fault.message };
}

function faultOf({ kind, message }: PackedFault): StoreFault {
  return new StoreFault(kind, message);
}
