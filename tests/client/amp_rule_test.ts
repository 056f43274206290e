import { describe, expect, test } from "bun:test";
import { deliver, expireAt, matchResource } from "../../client/amp_rule.ts";

describe("rules", () => {
  test("deliver() and matchResource() take their parts in the order of reading", () => {
    expect(deliver("stored", "alert")).toEqual({ condition: "deliver", value: "stored", action: "alert" });
    expect(matchResource("other", "error")).toEqual({ condition: "match-resource", value: "other", action: "error" });
  });

  test("expireAt() writes a UTC DateTime", () => {
    const time = new Date("2026-11-22T15:00:00+01:00");
    expect(expireAt(time, "drop")).toEqual({
      condition: "expire-at",
      value: "2026-11-22T14:00:00.000Z",
      action: "drop",
    });
  });

  test("expireAt() throws for a date that is none", () => {
    expect(() => expireAt(new Date("tomorrow"), "drop")).toThrow(RangeError);
  });
});
