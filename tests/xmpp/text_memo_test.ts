import { expect, test } from "bun:test";
import { TextMemo } from "../../xmpp/text_memo.ts";

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

test("find() keeps nothing of the text around a slice, also where the entry is an old one", () => {
  const memo = new TextMemo((text) => text.length, 2 * COUNT, 100);
  for (const text of slices("used again", COUNT)) memo.get(text);
  for (const text of slices("used once", 2 * COUNT)) memo.get(text);
  const before = memory();
  for (const text of slices("used again", COUNT)) expect(memo.find(text)).toBe(text.length);
  expect(memory() - before).toBeLessThan((COUNT * LENGTH) / 2);
});

const COUNT = 200;
const LENGTH = 200_000;

/** Each is part of a long text of its own, as it comes from a socket. */
function* slices(name: string, count: number): Generator<string> {
  for (let i = 0; i < count; i++) {
    const text = `${name}, number ${i}`;
    yield Buffer.from(`${text}${"x".repeat(LENGTH)}`)
      .toString()
      .slice(0, text.length);
  }
}

function memory(): number {
  Bun.gc(true);
  return process.memoryUsage().rss;
}
