import { expect, test } from "bun:test";
import { MAX_BACKLOG } from "../../../transport/backlog_limits.ts";
import { ResponseBuffer } from "../../../transport/bosh/response_buffer.ts";

test("ResponseBuffer keeps the newest responses, within its number and its length", () => {
  const buffer = new ResponseBuffer(3);
  for (const rid of [1, 2, 3, 4]) buffer.add(rid, `r${rid}`, 0);
  expect([1, 2, 3, 4].map((rid) => buffer.repeat(rid))).toEqual([undefined, "r2", "r3", "r4"]);
  const long = "x".repeat(0.7 * MAX_BACKLOG);
  buffer.add(5, long, 0);
  expect([3, 4, 5].map((rid) => buffer.repeat(rid)?.length)).toEqual([2, 2, long.length]);
  buffer.add(6, long, 0);
  expect([4, 5, 6].map((rid) => buffer.repeat(rid)?.length)).toEqual([undefined, undefined, long.length]);
});
