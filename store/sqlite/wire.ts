/**
 * Batches and replies between threads, each as one text: that crosses without being copied, where the runtime can do so, and
 * costs half of what objects cost where it cannot. All but messages to append is JSON; of those there are rows of numbers, and
 * their texts as they are. A parameter or a field that is undefined arrives as undefined.
 * @module
 */
import { Buffer } from "node:buffer";
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
import { PackedMessages, ROW_WIDTH } from "./packed_messages.ts";

/** What the worker is asked: to open, to close, or to run a batch. */
export type Question = "open" | "close" | readonly StoreCall[];

interface PackedFault {
  readonly kind: StoreFaultKind;
  readonly message: string;
}

type PackedReply = { readonly value?: unknown } | { readonly fault: PackedFault };

/** The answer to a usual batch of writes, in which every call succeeded and answered nothing. */
const ALL_DONE = "";

/** A number is so many characters, each of which is one of its bytes. */
const NUMBER_LENGTH = Float64Array.BYTES_PER_ELEMENT;

/** Stands before the rows and the texts of all messages, in which each of their quotes would be escaped. */
interface Head {
  /** Of `append` only how many messages it has. */
  readonly calls: readonly (readonly unknown[])[];
  /** Each once, however many messages have it. */
  readonly pending: readonly PendingEntry[];
  readonly archive: readonly (readonly ArchiveEntry[])[];
}

export function packQuestion(question: Question): string {
  if (typeof question === "string") return JSON.stringify(question);
  const { head, rows, texts } = new Packer(question);
  return `${JSON.stringify(head)}\n${Buffer.from(rows.buffer).toString("latin1")}${texts}`;
}

class Packer {
  readonly head: Head;
  readonly rows: Float64Array;
  /** Added piece by piece, they are copied once, when the message leaves; joined, each by itself as well. */
  texts = "";
  readonly #archive: (readonly ArchiveEntry[])[] = [];
  readonly #pending = new Map<PendingEntry, number>();
  #at = 0;

  constructor(batch: readonly StoreCall[]) {
    let count = 0;
    for (const call of batch) if (call[0] === "append") count += call[1].length;
    this.rows = new Float64Array(count * ROW_WIDTH);
    const calls: (readonly unknown[])[] = [];
    for (const call of batch) {
      if (call[0] !== "append") calls.push(call);
      else {
        for (const message of call[1]) this.#add(message);
        calls.push(["append", call[1].length]);
      }
    }
    this.head = { calls, pending: [...this.#pending.keys()], archive: this.#archive };
  }

  #add({ seq, text, archive, pending }: NewMessage): void {
    const { rows } = this;
    const at = this.#at;
    rows[at] = seq;
    rows[at + 1] = text.length;
    rows[at + 2] = pending === undefined ? 0 : this.#place(pending);
    rows[at + 3] = archive.length === 0 ? 0 : this.#archive.push(archive);
    this.#at = at + ROW_WIDTH;
    this.texts += text;
  }

  #place(entry: PendingEntry): number {
    const known = this.#pending.get(entry);
    if (known !== undefined) return known;
    const place = this.#pending.size + 1;
    this.#pending.set(entry, place);
    return place;
  }
}

export function unpackQuestion(text: string): Question {
  const end = text.indexOf("\n");
  if (end === -1) return JSON.parse(text) as Question;
  const head = JSON.parse(text.slice(0, end)) as Head;
  const { calls } = head;
  const unpacker = new Unpacker(text, end + 1, head);
  return calls.map(([method, ...parameters]) => {
    if (method === "append") return ["append", unpacker.take(Number(parameters[0]))];
    // JSON makes null of a parameter that was left out; no operation takes null.
    return [method, ...parameters.map((parameter) => parameter ?? undefined)];
  }) as unknown as Question;
}

function messagesOf(calls: Head["calls"]): number {
  let count = 0;
  for (const [method, parameter] of calls) if (method === "append") count += Number(parameter);
  return count;
}

class Unpacker {
  readonly #text: string;
  readonly #rows: Float64Array;
  readonly #head: Head;
  /** Where the next text begins, and the next row. */
  #start: number;
  #at = 0;

  constructor(text: string, start: number, head: Head) {
    const rows = new Float64Array(messagesOf(head.calls) * ROW_WIDTH);
    this.#text = text;
    this.#start = start + rows.length * NUMBER_LENGTH;
    Buffer.from(rows.buffer).write(text.slice(start, this.#start), "latin1");
    this.#rows = rows;
    this.#head = head;
  }

  take(count: number): PackedMessages {
    const end = this.#at + count * ROW_WIDTH;
    const rows = this.#rows.subarray(this.#at, end);
    const { pending, archive } = this.#head;
    const messages = new PackedMessages({ rows, pending, archive, text: this.#text, start: this.#start });
    this.#start += messages.units;
    this.#at = end;
    return messages;
  }
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
