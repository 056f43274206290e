/** WebSocket frames as a client writes and reads them: RFC 6455 section 5. @module */
import { randomBytes } from "node:crypto";

export const TEXT = 1;
export const BINARY = 2;
export const CLOSE = 8;
export const PING = 9;
export const PONG = 10;

export interface Frame {
  readonly opcode: number;
  readonly payload: Buffer;
}

/** A masked frame, as a client has to send it. */
export function encodeFrame(opcode: number, payload: Buffer): Buffer {
  const { length } = payload;
  const header = Buffer.alloc(length < 126 ? 2 : length < 65_536 ? 4 : 10);
  header[0] = 0x80 | opcode;
  if (length < 126) header[1] = 0x80 | length;
  else if (length < 65_536) {
    header[1] = 0x80 | 126;
    header.writeUInt16BE(length, 2);
  } else {
    header[1] = 0x80 | 127;
    header.writeBigUInt64BE(BigInt(length), 2);
  }
  const mask = randomBytes(4);
  const masked = Buffer.from(payload);
  for (let at = 0; at < length; at++) masked[at]! ^= mask[at & 3]!;
  return Buffer.concat([header, mask, masked]);
}

/** Takes bytes as they come and gives whole messages; fragments are joined. */
export class FrameReader {
  #bytes: Buffer = Buffer.alloc(0);
  #fragments: Buffer[] = [];
  #opcode = 0;

  push(chunk: Buffer): void {
    this.#bytes = this.#bytes.length === 0 ? chunk : Buffer.concat([this.#bytes, chunk]);
  }

  next(): Frame | undefined {
    for (;;) {
      const bytes = this.#bytes;
      if (bytes.length < 2) return undefined;
      const short = bytes[1]! & 0x7f;
      const start = short < 126 ? 2 : short === 126 ? 4 : 10;
      if (bytes.length < start) return undefined;
      const length = short < 126 ? short : short === 126 ? bytes.readUInt16BE(2) : Number(bytes.readBigUInt64BE(2));
      if (bytes.length < start + length) return undefined;
      this.#bytes = bytes.subarray(start + length);
      const frame = this.#join(bytes[0]!, bytes.subarray(start, start + length));
      if (frame !== undefined) return frame;
    }
  }

  #join(first: number, payload: Buffer): Frame | undefined {
    const opcode = first & 0x0f;
    const isLast = (first & 0x80) !== 0;
    if (opcode >= CLOSE) return { opcode, payload };
    if (opcode !== 0) this.#opcode = opcode;
    this.#fragments.push(payload);
    if (!isLast) return undefined;
    const whole = this.#fragments.length === 1 ? payload : Buffer.concat(this.#fragments);
    this.#fragments = [];
    return { opcode: this.#opcode, payload: whole };
  }
}
