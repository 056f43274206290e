import { describe, expect, test } from "bun:test";
import { describeExplanation } from "../../cli/describe_explanation.ts";
import { drawTimeline, lengthText } from "../../cli/draw_timeline.ts";
import type { Timeline } from "../../outcomes/outcomes.ts";
import type { Step } from "../../outcomes/step.ts";

const RULE = { condition: "deliver", value: "stored", action: "notify" } as const;
const STEPS: readonly (readonly [after: number, step: Step])[] = [
  [2, { kind: "accepted" }],
  [3, { kind: "ruled", rule: RULE }],
  [3, { kind: "reported", rule: RULE }],
  [7_205_000, { kind: "offered", resources: ["balcony", "phone"] }],
  [7_205_100, { kind: "proved", resource: "balcony", by: "sm-ack" }],
  [7_205_100, { kind: "settled", outcome: { kind: "direct", resource: "balcony" } }],
];

function timeline(count: number): Timeline {
  const at = Date.UTC(2026, 10, 22, 14);
  const steps = STEPS.slice(0, count).map(([after, step], cursor) => ({
    ...step,
    message: "m",
    at: at + after,
    cursor,
  }));
  const outcome = count === STEPS.length ? ({ kind: "direct", resource: "balcony" } as const) : undefined;
  return { id: "m", key: "invoice 7", from: "a@b", to: "c@d", at, steps, outcome };
}

describe("drawTimeline()", () => {
  test("has a line for each step, with the time since the beginning and what proves it", () => {
    expect(drawTimeline(timeline(6))).toEqual([
      "message  m",
      "key      invoice 7",
      "from     a@b",
      "to       c@d",
      "at       2026-11-22T14:00:00.000Z",
      "├─ +2 ms       accepted",
      "├─ +3 ms       ruled     deliver=stored (notify)",
      "├─ +3 ms       reported  deliver=stored (notify)",
      "├─ +2 h 0 min  offered   balcony, phone",
      "├─ +2 h 0 min  proved    balcony, by sm-ack",
      "└─ +2 h 0 min  settled   direct: balcony",
    ]);
  });

  test("says that a message is not settled", () => {
    expect(drawTimeline(timeline(1)).slice(-2)).toEqual([
      "├─ +2 ms  accepted",
      "┆  not settled: it is under way, or waits",
    ]);
    expect(drawTimeline(timeline(0)).at(-1)).toBe("┆  not settled: it is under way, or waits");
  });

  test.each<[step: Step, text: string]>([
    [{ kind: "refused", condition: "not-allowed" }, "refused   not-allowed"],
    [{ kind: "handed", to: "nurse@d" }, "handed    nurse@d"],
    [{ kind: "handed", to: "sms", attempt: 2, answer: "no-answer" }, "handed    sms, attempt 2, no-answer"],
    [{ kind: "reported", condition: "service-unavailable" }, "reported  service-unavailable"],
    [
      { kind: "settled", outcome: { kind: "expired", rule: { ...RULE } } },
      "settled   expired: deliver=stored (notify)",
    ],
    [{ kind: "settled", outcome: { kind: "none", condition: "forbidden" } }, "settled   none: forbidden"],
    [{ kind: "settled", outcome: { kind: "stored" } }, "settled   stored"],
  ])("draws %j", (step, text) => {
    const { steps: _, ...head } = timeline(0);
    const drawn = drawTimeline({ ...head, steps: [{ ...step, message: "m", at: head.at, cursor: 1 }] });
    expect(drawn[5]).toBe(`├─ +0 ms  ${text}`);
  });

  test.each([
    [-4, "-4 ms"],
    [999, "999 ms"],
    [1000, "1.000 s"],
    [61_000, "1 min 1 s"],
    [86_399_999, "23 h 59 min"],
    [90_000_000, "1 d 1 h"],
  ])("writes %d milliseconds as %s", (ms, text) => {
    expect(lengthText(ms)).toBe(text);
  });
});

describe("describeExplanation()", () => {
  test("has the plan, each rule with its state and why, and the outcome", () => {
    const lines = describeExplanation({
      plan: { kind: "stored", why: "nobody is there" },
      rules: [{ rule: RULE, state: "met", why: "the action for the message is stored" }],
      action: "notify",
      outcome: { kind: "stored" },
    });
    expect(lines).toEqual([
      "plan     stored: nobody is there",
      "rule 1   deliver=stored (notify): met; the action for the message is stored",
      "action   notify",
      "outcome  stored",
    ]);
  });

  test("says what it does not know", () => {
    expect(describeExplanation({ plan: undefined, rules: [], action: "default", outcome: undefined })).toEqual([
      "plan     none: the server does not come to one",
      "action   default: the plan is carried out",
      "outcome  nothing tells what the destination does",
    ]);
  });
});
