/** Frames as a client writes them: RFC 6455 section 5, with a mask of zeros, so that the payload stays as it is. @module */

const FINAL = 0x80;
const MASKED = 0x80;
const MASK = Buffer.alloc(4);

export const TEXT = 1;
export const PONG = 10;

/** A frame's bytes; its payload is the end of them. */
export function frame(opcode: number, payload: Buffer): Buffer {
  return Buffer.concat([head(opcode, payload.length), MASK, payload]);
}

function head(opcode: number, length: number): Buffer {
  if (length < 126) return Buffer.from([FINAL | opcode, MASKED | length]);
  if (length > 0xffff) throw new RangeError(`Cannot frame ${length} bytes: the load client sends short stanzas only`);
  return Buffer.from([FINAL | opcode, MASKED | 126, length >> 8, length & 0xff]);
}
