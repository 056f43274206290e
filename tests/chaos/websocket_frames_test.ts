import { describe, expect, test } from "bun:test";
import { encodeFrame, FrameReader, PING, TEXT } from "../../chaos/websocket_frames.ts";

/** A server's frame: without mask. */
function frame(first: number, payload: string): Buffer {
  return Buffer.concat([Buffer.from([first, payload.length]), Buffer.from(payload)]);
}

describe("FrameReader", () => {
  test("gives frames as they become whole", () => {
    const reader = new FrameReader();
    const bytes = Buffer.concat([frame(0x81, "one"), frame(0x89, "two")]);
    const got: string[] = [];
    for (const byte of bytes) {
      reader.push(Buffer.from([byte]));
      for (let next = reader.next(); next !== undefined; next = reader.next())
        got.push(`${next.opcode} ${next.payload}`);
    }
    expect(got).toEqual([`${TEXT} one`, `${PING} two`]);
  });

  test("joins fragments, with a control frame between them", () => {
    const reader = new FrameReader();
    reader.push(Buffer.concat([frame(0x01, "a"), frame(0x89, "p"), frame(0x80, "b")]));
    expect([reader.next(), reader.next()].map((next) => `${next?.opcode} ${next?.payload}`)).toEqual(["9 p", "1 ab"]);
  });
});

test.each([0, 125, 126, 65_535, 65_536])("encodeFrame() masks %i bytes and tells their number", (length) => {
  const payload = Buffer.alloc(length, 7);
  const bytes = encodeFrame(TEXT, payload);
  const start = length < 126 ? 2 : length < 65_536 ? 4 : 10;
  const mask = bytes.subarray(start, start + 4);
  const unmasked = bytes.subarray(start + 4).map((byte, at) => byte ^ mask[at & 3]!);
  expect(bytes.length).toBe(start + 4 + length);
  expect(Buffer.compare(unmasked, payload)).toBe(0);
});
