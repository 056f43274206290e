import { expect, test } from "bun:test";
import { readKey, readWait } from "../../../server/api/read_input.ts";

test.each([
  [undefined, undefined],
  ["", undefined],
  ["wait=5", 5],
  ["WAIT=5", 5],
  ['wait="5"', 5],
  ["respond-async, wait=5", 5],
  ["wait=5; foo", 5],
  ["wait = 5 , wait=7", 5],
  ["wait=100000", 60],
  ["wait=0", 0],
  ["wait=-1", undefined],
  ["wait=soon", undefined],
  ["await=5", undefined],
  ["wait=5s", undefined],
] as const)("readWait(%p) is %p", (header, seconds) => {
  expect(readWait(header)).toBe(seconds);
});

test.each([
  [undefined, undefined],
  ["a b", "a b"],
  ['"a b"', "a b"],
  ['"a\\"b\\\\"', 'a"b\\'],
  ['"a', '"a'],
  ["k".repeat(256), "k".repeat(256)],
] as const)("readKey(%p) is %p", (header, key) => {
  expect(readKey(header)).toBe(key);
});
