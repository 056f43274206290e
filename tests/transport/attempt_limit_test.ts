import { describe, expect, test } from "bun:test";
import { AttemptLimit } from "../../transport/attempt_limit.ts";

describe("AttemptLimit", () => {
  test("is exhausted at the limit, for one key, until the window is over", () => {
    const limit = new AttemptLimit(2, 1000);
    limit.count("a", 0);
    expect(limit.isExhausted("a", 0)).toBe(false);
    limit.count("a", 999);
    expect(limit.isExhausted("a", 999)).toBe(true);
    expect(limit.isExhausted("b", 999)).toBe(false);
    expect(limit.isExhausted("a", 1000)).toBe(false);
    limit.count("a", 1000);
    expect(limit.isExhausted("a", 1000)).toBe(false);
  });

  test("0 is no limit", () => {
    const limit = new AttemptLimit(0, 1000);
    limit.count("a", 0);
    expect(limit.isExhausted("a", 0)).toBe(false);
  });

  test("forgets the key that was counted longest ago", () => {
    const limit = new AttemptLimit(1, 1000);
    for (let i = 0; i <= 10_000; i++) limit.count(`key-${i}`, 0);
    expect(limit.isExhausted("key-0", 0)).toBe(false);
    expect(limit.isExhausted("key-1", 0)).toBe(true);
  });
});
