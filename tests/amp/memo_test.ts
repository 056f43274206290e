import { expect, test } from "bun:test";
import { TextMemo } from "../../amp/memo.ts";

function counting(limit: number, maxLength = 100) {
  const calls: string[] = [];
  const memo = new TextMemo((text) => ({ text, n: calls.push(text) }), limit, maxLength);
  return { memo, calls };
}

test("get() computes once per text", () => {
  const { memo, calls } = counting(4);
  expect(memo.get("a")).toBe(memo.get("a"));
  expect(calls).toEqual(["a"]);
});

test("get() keeps at most two generations when texts never repeat", () => {
  const { memo } = counting(4);
  for (let i = 0; i < 1000; i++) memo.get(`text ${i}`);
  expect(memo.size).toBeLessThanOrEqual(8);
});

test("get() keeps a text that is asked for in every generation", () => {
  const { memo, calls } = counting(4);
  for (let i = 0; i < 100; i++) {
    memo.get("hot");
    memo.get(`cold ${i}`);
  }
  expect(calls.filter((text) => text === "hot")).toHaveLength(1);
});

test("get() does not keep long texts", () => {
  const { memo, calls } = counting(4, 3);
  memo.get("long");
  memo.get("long");
  expect(calls).toHaveLength(2);
  expect(memo.size).toBe(0);
});
