/**
 * Batches and replies between threads, each as one text of JSON: that crosses without being copied, where the runtime can do
 * so, and costs half of what objects cost where it cannot. A parameter or a field that is undefined arrives as undefined.
 * @module
 */
import {
  type NewMessage,
  type NewStep,
  type ReadCall,
  type StoreCall,
  StoreFault,
  type StoreFaultKind,
  type StoreReply,
  type StoreStart,
} from "../store.ts";

/** What the worker is asked: to open, to close, to hold its file or let it go, to run a batch, or to read. */
export type Question = "open" | "close" | "hold" | "let go" | readonly StoreCall[] | Reading;

export interface Reading {
  readonly read: readonly ReadCall[];
}

interface PackedFault {
  readonly kind: StoreFaultKind;
  readonly message: string;
}

type PackedReply = readonly [at: number, reply: { readonly value?: unknown } | { readonly fault: PackedFault }];

/** The answer to a usual batch of writes, in which every call succeeded and answered nothing. */
const ALL_DONE = "";

export function packQuestion(question: Question): string {
  return JSON.stringify(Array.isArray(question) ? question.map(plain) : question);
}

/** Messages may be objects that write their text only when they are asked for it. Steps, of which there are many, go without names. */
function plain(call: StoreCall): unknown {
  switch (call[0]) {
    case "append":
      return ["append", call[1].map(fields)];
    case "noteSteps":
      return [
        "noteSteps",
        call[1].map(({ timeline, at, kind, detail, settles }) => [timeline, at, kind, detail, settles]),
      ];
    default:
      return call;
  }
}

function fields({ owner, seq, text, peer, waiting }: NewMessage): NewMessage {
  return { owner, seq, text, peer, waiting };
}

export function unpackQuestion(text: string): Question {
  const question = JSON.parse(text);
  if (typeof question === "string") return question as Question;
  return Array.isArray(question) ? question.map(unpackCall) : { read: question.read.map(unpackCall) };
}

/** JSON makes null of a parameter that was left out; no operation takes null. */
function unpackCall<Call extends readonly unknown[]>(call: Call): Call {
  if (call[0] === "noteSteps") return ["noteSteps", (call[1] as PackedStep[]).map(stepOf)] as never;
  return call.map((parameter) => parameter ?? undefined) as unknown as Call;
}

type PackedStep = readonly [string, number, string, string | null, string | null];

function stepOf([timeline, at, kind, detail, settles]: PackedStep): NewStep {
  return { timeline, at, kind, detail: detail ?? undefined, settles: settles ?? undefined };
}

/** Most calls answer nothing: those that do go with their places. */
export function packReplies(replies: readonly StoreReply[]): string {
  const packed: PackedReply[] = [];
  for (let at = 0; at < replies.length; at++) {
    const reply = replies[at]!;
    if ("fault" in reply) packed.push([at, { fault: faultFields(reply.fault) }]);
    else if (reply.value !== undefined) packed.push([at, reply]);
  }
  return packed.length === 0 ? ALL_DONE : JSON.stringify(packed);
}

/** `count`: how many calls the batch had. Throws the StoreFault of the whole batch. */
export function unpackReplies(text: string, count: number): StoreReply[] {
  const replies: StoreReply[] = new Array(count).fill(NOTHING);
  if (text === ALL_DONE) return replies;
  for (const [at, reply] of unpackAnswer<readonly PackedReply[]>(text)) {
    replies[at] = "fault" in reply ? { fault: faultOf(reply.fault) } : { value: reply.value };
  }
  return replies;
}

const NOTHING: StoreReply = { value: undefined };

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
