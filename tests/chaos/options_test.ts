import { describe, expect, test } from "bun:test";
import { readOptions } from "../../chaos/options.ts";

describe("readOptions()", () => {
  test("takes a seed from the clock, and one minute", () => {
    const { runs } = readOptions([], 42);
    expect(runs).toEqual([{ seed: 42, seconds: 60, users: 16, killEvery: 4, servers: 1, fault: undefined }]);
  });

  test("makes one run for each seed", () => {
    const { runs } = readOptions(["--minutes", "10", "--seed", "5", "--seeds", "3"], 0);
    expect(runs.map(({ seed, seconds }) => [seed, seconds])).toEqual([
      [5, 600],
      [6, 600],
      [7, 600],
    ]);
  });

  test.each([
    [["--minuets", "1"], "there is no such option"],
    [["--seed", "x"], "not a number"],
    [["--seed"], "not a number"],
  ])("refuses %j", (args, text) => {
    expect(() => readOptions(args, 0)).toThrow(text);
  });
});
