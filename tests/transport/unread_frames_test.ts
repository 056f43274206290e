import { expect, test } from "bun:test";
import { UnreadFrames } from "../../transport/unread_frames.ts";

test("UnreadFrames gives what it was given, in order, also beyond a thousand", () => {
  const frames = new UnreadFrames();
  const all = Array.from({ length: 3000 }, (_, at) => `frame ${at}`);
  for (const frame of all) expect(frames.push(frame)).toBe(true);
  expect(all.map(() => frames.shift())).toEqual(all);
  expect(frames.isEmpty).toBe(true);
  expect(frames.shift()).toBeUndefined();
});

test.each([
  ["long ones", 262_144, 15],
  ["empty ones", 0, 65_536],
])("UnreadFrames has a bound, and room again once they are read: %s", (_, length, most) => {
  const frames = new UnreadFrames();
  const frame = "x".repeat(length);
  let count = 0;
  while (frames.push(frame)) count++;
  expect(count).toBe(most);
  frames.shift();
  expect(frames.push(frame)).toBe(true);
});
