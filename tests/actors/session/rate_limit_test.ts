import { describe, expect, test } from "bun:test";
import { RateLimit } from "../../../actors/session/rate_limit.ts";

function takeMany(limit: RateLimit, count: number, now: number): string[] {
  return Array.from({ length: count }, () => limit.take(now));
}

describe("RateLimit", () => {
  test("lets a burst of one second pass", () => {
    expect(takeMany(new RateLimit(5, 0), 6, 0)).toEqual(["ok", "ok", "ok", "ok", "ok", "slow"]);
  });

  test("fills up with time, and not beyond one second's worth", () => {
    const limit = new RateLimit(5, 0);
    takeMany(limit, 5, 0);
    expect(limit.take(200)).toBe("ok");
    expect(limit.take(200)).toBe("slow");
    expect(takeMany(limit, 6, 60_000).filter((verdict) => verdict === "ok")).toHaveLength(5);
  });

  test("is over far beyond the rate", () => {
    const verdicts = takeMany(new RateLimit(5, 0), 100, 0);
    expect(verdicts.indexOf("over")).toBe(55);
    expect(new Set(verdicts.slice(55))).toEqual(new Set(["over"]));
  });

  test("gives nothing for a clock that went back", () => {
    const limit = new RateLimit(5, 1000);
    takeMany(limit, 5, 1000);
    expect(limit.take(0)).toBe("slow");
  });
});
