import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { firstSeqAt, SequenceClock, seqTime } from "../../store/sequence.ts";

const NOON = Date.UTC(2026, 10, 22, 12);

describe("SequenceClock", () => {
  test("next() holds the time and counts within a millisecond", () => {
    let now = NOON;
    const clock = new SequenceClock(0, () => now);
    expect(clock.next()).toBe(firstSeqAt(NOON));
    expect(clock.next()).toBe(firstSeqAt(NOON) + 1);
    now++;
    expect(clock.next()).toBe(firstSeqAt(NOON + 1));
  });

  test("next() is above the last number of an earlier run, whatever the clock says", () => {
    const last = firstSeqAt(NOON) + 7;
    expect(new SequenceClock(last, () => NOON - 60_000).next()).toBe(last + 1);
    expect(new SequenceClock(last, () => NOON).next()).toBe(last + 1);
    expect(new SequenceClock(last, () => NOON + 1).next()).toBe(firstSeqAt(NOON + 1));
  });

  test("next() runs on into the next millisecond after 4096 numbers", () => {
    const clock = new SequenceClock(0, () => NOON);
    const seqs = Array.from({ length: 5000 }, () => clock.next());
    expect(seqTime(seqs[4095]!)).toBe(NOON);
    expect(seqTime(seqs[4096]!)).toBe(NOON + 1);
    expect(new Set(seqs).size).toBe(5000);
  });

  test("next() increases with any clock", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -5, max: 5 }), { minLength: 2 }), (steps) => {
        let now = NOON;
        const clock = new SequenceClock(0, () => now);
        let last = 0;
        for (const step of steps) {
          now += step;
          const seq = clock.next();
          expect(seq).toBeGreaterThan(last);
          expect(Number.isSafeInteger(seq)).toBe(true);
          last = seq;
        }
      }),
    );
  });
});

test("seqTime() is the inverse of firstSeqAt()", () => {
  fc.assert(
    fc.property(fc.date({ min: new Date("2020-01-01"), max: new Date("2089-01-01"), noInvalidDate: true }), (date) => {
      const ms = date.getTime();
      expect(seqTime(firstSeqAt(ms))).toBe(ms);
      expect(seqTime(firstSeqAt(ms) + 4095)).toBe(ms);
      expect(seqTime(firstSeqAt(ms) + 4096)).toBe(ms + 1);
    }),
  );
});

test.each([
  [Date.UTC(2020, 0, 1), 0],
  [Date.UTC(1999, 0, 1), 0],
  [Date.UTC(2020, 0, 1) + 1, 4096],
  [Date.UTC(2500, 0, 1), Number.MAX_SAFE_INTEGER],
])("firstSeqAt(%d) is %d", (ms, seq) => {
  expect(firstSeqAt(ms)).toBe(seq);
});
