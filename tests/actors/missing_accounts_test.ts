import { describe, expect, test } from "bun:test";
import { MissingAccounts } from "../../actors/missing_accounts.ts";

describe("MissingAccounts", () => {
  test("forgets a name after five minutes, and one that has been made at once", () => {
    let now = 0;
    const missing = new MissingAccounts(() => now);
    missing.add("romeo@x");
    missing.add("juliet@x");
    missing.delete("juliet@x");
    expect(missing.has("juliet@x")).toBe(false);
    now = 299_999;
    missing.add("romeo@x");
    expect(missing.has("romeo@x")).toBe(true);
    now = 300_000;
    expect(missing.has("romeo@x")).toBe(false);
  });

  test.each([
    ["names", 25_000, (at: number) => `a${at}@x`, 20_000],
    ["units of them", 3000, (at: number) => `${at}@x`.padStart(1000, "a"), 2000],
  ])("forgets the oldest beyond so many %s", (_, count, name, most) => {
    const missing = new MissingAccounts(() => 0);
    for (let at = 0; at < count; at++) missing.add(name(at));
    const known = Array.from({ length: count }, (_, at) => missing.has(name(at)));
    expect(known.filter(Boolean)).toHaveLength(most);
    expect(known.at(-1)).toBe(true);
    expect(known[0]).toBe(false);
  });
});
