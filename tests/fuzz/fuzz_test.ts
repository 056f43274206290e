import { describe, expect, test } from "bun:test";
import type { Random } from "../../chaos/random.ts";
import { KINDS } from "../../fuzz/all_kinds.ts";
import type { Kind } from "../../fuzz/kind.ts";
import { report, runKind } from "../../fuzz/run.ts";

const SEED = 20;
const MS = 1000;

describe("fuzzing", () => {
  test.each(KINDS.map((kind): [string, Kind] => [kind.name, kind]))("%s finds nothing", async (_name, kind) => {
    const result = await runKind(kind, SEED, MS);
    expect(result.failure === undefined ? "" : report(result)).toBe("");
    expect(result.inputs).toBeGreaterThan(0);
  });

  test("a failure comes with its smallest input", async () => {
    const kind: Kind = {
      name: "faulty",
      open: async () => ({
        make: (random: Random) => ["harmless", `some text with x ${random.next()}`],
        play: async (input) => (input.some((text) => text.includes("x")) ? "it has an x" : undefined),
        close: async () => {},
      }),
    };
    const result = await runKind(kind, SEED, MS);
    expect(result).toEqual({
      kind: "faulty",
      seed: SEED,
      inputs: 1,
      failure: { problem: "it has an x", input: ["x"] },
    });
  });
});
