import { describe, expect, test } from "bun:test";
import * as v from "valibot";
import { objectiveSetting, withinMs } from "../../../server/objectives/objective_setting.ts";
import { ObjectiveWatch } from "../../../server/objectives/objective_watch.ts";
import type { FollowedStepRow } from "../../../store/store.ts";

const SECOND = 1000;
const MINUTE = 60_000;
const OBJECTIVE = { match: "alerts@example.org", proved_within: "5 s", share: 0.9 };

function row(timeline: string, began: number, at: number, more: Partial<FollowedStepRow> = {}): FollowedStepRow {
  const base = { cursor: 1, kind: "accepted", detail: undefined, settles: undefined };
  return { ...base, timeline, began, at, from: "alerts@example.org/x", to: "juliet@example.net", ...more };
}

function counted(watch: ObjectiveWatch): readonly [messages: number, missed: number] {
  const { messages, missed } = watch.read(0);
  return [messages, missed];
}

describe("a message", () => {
  test.each<
    [
      what: string,
      steps: readonly (readonly [at: number, more: Partial<FollowedStepRow>])[],
      counts: readonly [number, number],
    ]
  >([
    [
      "proved in time",
      [
        [0, {}],
        [4999, { kind: "proved" }],
      ],
      [1, 0],
    ],
    [
      "proved at the last moment",
      [
        [0, {}],
        [5000, { kind: "proved" }],
      ],
      [1, 0],
    ],
    [
      "proved too late",
      [
        [0, {}],
        [5001, { kind: "proved" }],
      ],
      [1, 1],
    ],
    [
      "stored, and nothing more",
      [
        [0, {}],
        [1, { kind: "stored" }],
      ],
      [1, 1],
    ],
    [
      "taken by a gateway",
      [
        [0, {}],
        [9, { kind: "settled", settles: "gateway" }],
      ],
      [1, 0],
    ],
    [
      "expired",
      [
        [0, {}],
        [9, { kind: "settled", settles: "expired" }],
      ],
      [1, 1],
    ],
    [
      "that nothing delivers",
      [
        [0, {}],
        [9, { kind: "settled", settles: "none" }],
      ],
      [1, 1],
    ],
    [
      "dropped by a rule of its sender's",
      [
        [0, {}],
        [9, { kind: "settled", settles: "dropped" }],
      ],
      [0, 0],
    ],
    ["refused", [[0, { kind: "refused" }]], [0, 0]],
    [
      "proved, then proved again and settled",
      [
        [0, {}],
        [1, { kind: "proved" }],
        [2, { kind: "settled", settles: "direct" }],
      ],
      [1, 0],
    ],
    ["of somebody else", [[0, { from: "romeo@example.org" }]], [0, 0]],
    ["whose first step comes too late", [[5001, { kind: "proved" }]], [0, 0]],
  ])("%s", (_, steps, counts) => {
    const watch = new ObjectiveWatch(OBJECTIVE);
    for (const [at, more] of steps) watch.note(row("m", 0, at, more));
    watch.passed(5001);
    expect(counted(watch)).toEqual(counts);
  });

  test.each([
    ["alerts@example.org", true],
    ["example.org", true],
    ["juliet@example.net", true],
    ["example.net", true],
    ["juliet@example.org", false],
    ["net", false],
  ])("to or from %s: %p", (match, isOf) => {
    const watch = new ObjectiveWatch({ ...OBJECTIVE, match });
    watch.note(row("m", 0, 0, { kind: "proved" }));
    expect(counted(watch)).toEqual([isOf ? 1 : 0, 0]);
  });

  test("under way is not missed before its deadline", () => {
    const watch = new ObjectiveWatch(OBJECTIVE);
    watch.note(row("m", 0, 0));
    watch.passed(5000);
    expect(counted(watch)).toEqual([0, 0]);
    expect(watch.openSince).toBe(0);
    watch.passed(5001);
    expect([counted(watch), watch.openSince]).toEqual([[1, 1], undefined]);
  });

  test("is left out, and counted as such, while too many are under way", () => {
    const watch = new ObjectiveWatch(OBJECTIVE);
    for (let i = 0; i <= 100_000; i++) watch.note(row(`m${i}`, 0, 0));
    watch.passed(6000);
    expect([watch.read(0).messages, watch.uncounted]).toEqual([100_000, 1]);
  });
});

describe("the budget", () => {
  /** `messages` a minute, of which the last ones are missed. */
  function run(watch: ObjectiveWatch, from: number, minutes: number, messages: number, missed: number): void {
    for (let minute = from; minute < from + minutes; minute++) {
      for (let i = 0; i < messages; i++) {
        const began = minute * MINUTE;
        watch.note(row(`${minute} ${i}`, began, began, i < messages - missed ? { kind: "proved" } : {}));
      }
      watch.passed(minute * MINUTE + 30 * SECOND);
    }
  }

  test("burns where too much is missed for an hour and now, and no longer when it is over", () => {
    const watch = new ObjectiveWatch({ ...OBJECTIVE, share: 0.99 });
    run(watch, 0, 60, 100, 0);
    expect(watch.read(59 * MINUTE)).toMatchObject({ isBurning: false, budgetLeft: 1 });
    run(watch, 60, 60, 100, 20);
    const reading = watch.read(119 * MINUTE);
    expect(reading.isBurning).toBe(true);
    expect(reading.burnRates.map(({ rate }) => Math.round(rate))).toEqual([20, 20, 20, 10]);
    expect(reading.budgetLeft).toBeCloseTo(-9);
    run(watch, 120, 30, 100, 0);
    expect(watch.read(149 * MINUTE).isBurning).toBe(false);
  });

  test("is that of thirty days, and the memory is bounded", () => {
    const watch = new ObjectiveWatch(OBJECTIVE);
    run(watch, 0, 3, 10, 10);
    run(watch, 31 * 24 * 60, 1, 10, 0);
    expect(watch.read(31 * 24 * 60 * MINUTE).budgetLeft).toBe(1);
    const kept = watch.keptBefore(Number.MAX_SAFE_INTEGER);
    expect([kept.minutes.length, kept.hours.length]).toEqual([1, 1]);
  });
});

test("outcomes.objectives is checked", () => {
  const { schema } = objectiveSetting("");
  const isGood = (value: unknown) => v.safeParse(schema, value).success;
  expect(isGood([OBJECTIVE, { ...OBJECTIVE, match: "example.org" }])).toBe(true);
  expect(isGood([OBJECTIVE, OBJECTIVE])).toBe(false);
  for (const share of [0, 1, 1.5, "0.9"]) expect(isGood([{ ...OBJECTIVE, share }])).toBe(false);
  for (const proved_within of ["", "5", "0 s", "2 d", "25 h", "5 s ", "-1 s"]) {
    expect(isGood([{ ...OBJECTIVE, proved_within }])).toBe(false);
  }
  for (const match of ["", "a@b/c", "@b"]) expect(isGood([{ ...OBJECTIVE, match }])).toBe(false);
  expect(isGood([{ ...OBJECTIVE, other: 1 }])).toBe(false);
  expect(
    ["500 ms", "5 s", "5s", "2 min", "1 h"].map((text) => withinMs({ ...OBJECTIVE, proved_within: text })),
  ).toEqual([500, 5000, 5000, 120_000, 3_600_000]);
});
