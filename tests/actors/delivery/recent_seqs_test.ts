import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { RecentSeqs } from "../../../actors/delivery/recent_seqs.ts";

describe("RecentSeqs", () => {
  test("has the last ones, and none that is older than twice as many", () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.nat(), { maxLength: 60 }), fc.integer({ min: 1, max: 10 }), (seqs, half) => {
        const recent = new RecentSeqs(half);
        for (const seq of seqs) recent.add(seq);
        expect(seqs.slice(-half).every((seq) => recent.has(seq))).toBe(true);
        expect(seqs.slice(0, -2 * half).some((seq) => recent.has(seq))).toBe(false);
      }),
    );
  });

  test("has nothing at first", () => {
    expect(new RecentSeqs(2).has(0)).toBe(false);
  });
});
