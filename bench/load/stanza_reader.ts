/**
 * What a load client reads: whole elements, found as cheaply as can be, since the client shares the machine with the
 * server. Not a parser: it trusts the server to write well-formed XML, as the suite's other tests have shown.
 * @module
 */

/** The bytes of one element; valid only during the call. */
export type OnElement = (bytes: Buffer, start: number, end: number) => void;

export interface StanzaReader {
  push(chunk: Buffer, onElement: OnElement): void;
}

const PING = 9;
const DATA_OPCODES = 2;
const GT = 0x3e;
const SLASH = 0x2f;
const LT = 0x3c;
const QUESTION = 0x3f;
const HEADER = Buffer.from("<stream:stream");
const EMPTY = Buffer.alloc(0);

/** Frames of a WebSocket (RFC 6455 section 5), one element each. */
export class FrameStanzaReader implements StanzaReader {
  readonly #onPing: (payload: Buffer) => void;
  #rest: Buffer = EMPTY;

  constructor(onPing: (payload: Buffer) => void) {
    this.#onPing = onPing;
  }

  push(chunk: Buffer, onElement: OnElement): void {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    let at = 0;
    while (bytes.length - at >= 2) {
      const short = bytes[at + 1]! & 0x7f;
      const head = short < 126 ? 2 : short === 126 ? 4 : 10;
      if (bytes.length - at < head) break;
      const length = short < 126 ? short : short === 126 ? bytes.readUInt16BE(at + 2) : bytes.readUInt32BE(at + 6);
      const end = at + head + length;
      if (end > bytes.length) break;
      const opcode = bytes[at]! & 0x0f;
      if (opcode <= DATA_OPCODES) onElement(bytes, at + head, end);
      else if (opcode === PING) this.#onPing(bytes.subarray(at + head, end));
      at = end;
    }
    // A copy: the runtime may use the chunk's memory again.
    this.#rest = at === bytes.length ? EMPTY : Buffer.from(bytes.subarray(at));
  }
}

/** A TCP stream, whose elements must not hold an element of their own name (forwarded messages are not read here). */
export class StreamStanzaReader implements StanzaReader {
  readonly #ends = new Map<string, Buffer>();
  #rest: Buffer = EMPTY;

  push(chunk: Buffer, onElement: OnElement): void {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    let at = 0;
    while (at < bytes.length) {
      if (bytes[at] !== LT) {
        at++;
        continue;
      }
      const end = this.#endOf(bytes, at);
      if (end === -1) break;
      onElement(bytes, at, end);
      at = end;
    }
    this.#rest = at >= bytes.length ? EMPTY : Buffer.from(bytes.subarray(at));
  }

  /** Where the element at `start` ends, -1 where that is not here yet. A header is an element without content. */
  #endOf(bytes: Buffer, start: number): number {
    const close = bytes.indexOf(GT, start);
    if (close === -1) return -1;
    const next = bytes[start + 1];
    const isWhole = bytes[close - 1] === SLASH || next === QUESTION || next === SLASH;
    if (isWhole || bytes.compare(HEADER, 0, HEADER.length, start, start + HEADER.length) === 0) return close + 1;
    const endTag = this.#endTag(bytes, start);
    const at = bytes.indexOf(endTag, close + 1);
    return at === -1 ? -1 : at + endTag.length;
  }

  /** The end tag as bytes; the few names are kept by their first letters, so that no text is made of a message. */
  #endTag(bytes: Buffer, start: number): Buffer {
    let end = start + 1;
    while (end < bytes.length && bytes[end]! > 0x20 && bytes[end] !== GT) end++;
    const name = bytes.toString("latin1", start + 1, end);
    let tag = this.#ends.get(name);
    if (tag === undefined) {
      tag = Buffer.from(`</${name}>`);
      this.#ends.set(name, tag);
    }
    return tag;
  }
}
