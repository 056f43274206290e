import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { NotifyMoment, RuleContext } from "../../amp/evaluate.ts";
import { evaluate, expired, NOTHING_FIRED, nextDeadline } from "../../amp/evaluate.ts";
import type { Plan } from "../../amp/plan.ts";
import type { Rule } from "../../amp/rule.ts";
import { ACTIONS, DELIVER_VALUES, MATCH_VALUES } from "../../amp/rule.ts";
import { FUTURE, NOON, PAST, rule, rules } from "./fixtures.ts";

const toFull: RuleContext = { now: NOON, to: { resource: "pda" } };
const toBare: RuleContext = { now: NOON, to: { resource: "" } };
const pda: Plan = { kind: "direct", resources: ["pda"] };
const desk: Plan = { kind: "direct", resources: ["desk"] };
const both: Plan = { kind: "direct", resources: ["pda", "desk"] };
/** A destination without resource: a room, a pubsub service. */
const room: Plan = { kind: "direct", resources: [""] };
const stored: Plan = { kind: "stored" };
const none: Plan = { kind: "none", reason: "no-account", silent: false };
const forward: Plan = { kind: "forward", to: "a@b" };
const gateway: Plan = { kind: "gateway" };
const everyPlan = { pda, desk, both, room, stored, none, forward, gateway };
type PlanName = keyof typeof everyPlan;
const names = Object.keys(everyPlan) as PlanName[];

/** Condition and value; the context; the plans that meet it; when a notify goes out. */
const cells: [string, string, RuleContext, PlanName[], NotifyMoment][] = [
  ["3.3.1", "deliver direct", toFull, ["pda", "desk", "both", "room"], "received"],
  ["3.3.1", "deliver stored", toFull, ["stored"], "stored"],
  ["3.3.1", "deliver none", toFull, ["none"], "now"],
  ["3.3.1", "deliver forward", toFull, ["forward"], "handed-over"],
  ["3.3.1", "deliver gateway", toFull, ["gateway"], "handed-over"],
  ["3.3.2", `expire-at ${PAST}`, toFull, names, "now"],
  ["3.3.3", "match-resource any", toFull, ["pda", "desk", "both"], "now"],
  ["3.3.3", "match-resource exact", toFull, ["pda"], "now"],
  ["3.3.3", "match-resource other", toFull, ["desk", "both", "room", "stored"], "now"],
];
const variants: typeof cells = [
  ["3.3.2 (on the second)", "expire-at 2026-11-22T12:00:00Z", toFull, names, "now"],
  ["3.3.2 (not yet)", `expire-at ${FUTURE}`, toFull, [], "now"],
  ["3.3.3 (bare)", "match-resource any", toBare, ["pda", "desk", "both"], "now"],
  ["3.3.3 (bare)", "match-resource exact", toBare, ["room", "stored"], "now"],
  ["3.3.3 (bare)", "match-resource other", toBare, ["pda", "desk", "both"], "now"],
  ["3.3.3 (per hop)", "match-resource any", { ...toFull, perHop: true }, [], "now"],
  ["3.3.3 (per hop)", "match-resource exact", { ...toFull, perHop: true }, [], "now"],
  ["3.3.3 (per hop)", "match-resource other", { ...toFull, perHop: true }, [], "now"],
  ["2.1.2 (per hop)", "deliver stored", { ...toFull, perHop: true }, ["stored"], "stored"],
];

const rows = [...cells, ...variants].flatMap(([clause, text, context, meets, when]) =>
  ACTIONS.map((action) => [clause, `${action} ${text}`, context, meets, when] as const),
);

test("the table of conditions, values and actions has its 36 cells", () => {
  expect(cells.length * ACTIONS.length).toBe((DELIVER_VALUES.length + MATCH_VALUES.length + 1) * ACTIONS.length);
  expect(cells.length * ACTIONS.length).toBe(36);
});

test.each(rows)("XEP-0079 %s: %s", (_, text, context, meets, when) => {
  const only = rule(text);
  for (const name of names) {
    const verdict = evaluate([only], everyPlan[name], context);
    if (!meets.includes(name)) {
      expect(verdict).toMatchObject({ kind: "default", notify: undefined });
    } else if (only.action === "notify") {
      expect(verdict).toMatchObject({ kind: "default", notify: { index: 0, rule: only, when } });
    } else {
      expect(verdict).toEqual({ kind: only.action, index: 0, rule: only });
    }
  }
});

describe("XEP-0079 2.2.3: rules in order", () => {
  test.each([
    [
      "the first that is met decides",
      ["error deliver none", "drop deliver stored", "alert deliver stored"],
      stored,
      "drop",
      1,
    ],
    [
      "a later notify is not sent for a dropped message",
      ["drop deliver stored", "notify deliver stored"],
      stored,
      "drop",
      0,
    ],
    [
      "a later drop does not take back what notify let pass",
      ["notify deliver stored", "drop deliver stored"],
      stored,
      "default",
      0,
    ],
    ["processing ends with notify", ["notify deliver direct", "error match-resource other"], desk, "default", 0],
    [
      "expiry in its place",
      [`drop expire-at ${FUTURE}`, "alert deliver stored", `error expire-at ${PAST}`],
      stored,
      "alert",
      1,
    ],
  ] as const)("%s", (_, texts, plan, kind, index) => {
    const verdict = evaluate(rules(...texts), plan, toFull);
    expect(verdict.kind).toBe(kind);
    expect(verdict.kind === "default" ? verdict.notify?.index : verdict.index).toBe(index);
  });

  test("no rule met: the default", () => {
    expect(evaluate(rules("drop deliver stored"), pda, toFull)).toEqual({
      kind: "default",
      notify: undefined,
    });
  });

  test("XEP-0079 3.4.4: one notification for a message, not one for each resource", () => {
    const verdict = evaluate(rules("notify deliver direct", "notify match-resource any"), both, toBare);
    expect(verdict).toMatchObject({ notify: { index: 0, when: "received" } });
  });
});

describe("XEP-0079 2.2.3: planning again", () => {
  test("[notify direct, notify stored] into a dead connection ends as stored and is reported as stored", () => {
    const list = rules("notify deliver direct", "notify deliver stored");
    expect(evaluate(list, pda, toFull)).toMatchObject({ notify: { index: 0, when: "received" } });
    expect(evaluate(list, stored, toFull)).toMatchObject({ notify: { index: 1, when: "stored" } });
  });

  test("[error stored] into a dead connection gives its error in place of the storage", () => {
    const list = rules("error deliver stored");
    expect(evaluate(list, pda, toFull).kind).toBe("default");
    expect(evaluate(list, stored, toFull).kind).toBe("error");
  });

  test("a rule fires at most once, and closes those after it", () => {
    const list = rules(`drop expire-at ${FUTURE}`, "notify deliver stored", "drop deliver stored");
    const context = { ...toFull, fired: new Set([1]) };
    expect(evaluate(list, stored, context)).toMatchObject({ kind: "default", notify: undefined });
    expect(evaluate(list, stored, { ...context, now: NOON + 1000 })).toMatchObject({ kind: "drop", index: 0 });
  });

  test.each([
    ["error match-resource other", "error"],
    ["drop match-resource other", "drop"],
    ["alert match-resource other", "alert"],
    ["notify match-resource other", "default"],
    ["error match-resource exact", "default"],
  ] as const)("XEP-0079 3.3.3: %s, once sent to its resource: a fall-back to another one is %s", (text, kind) => {
    const context = { now: NOON, to: { resource: "pda" } };
    if (!text.endsWith("exact")) expect(evaluate(rules(text), pda, context).kind).toBe("default");
    expect(evaluate(rules(text), desk, context).kind).toBe(kind);
  });

  test("XEP-0079 5.1: the intended resource goes: to another one, or to storage, the rule gives its error", () => {
    const list = rules("error match-resource other");
    expect(evaluate(list, pda, toFull).kind).toBe("default");
    expect(evaluate(list, desk, toFull).kind).toBe("error");
    expect(evaluate(list, stored, toFull).kind).toBe("error");
  });

  test("a notify that has fired in front lets the fall-back pass", () => {
    const list = rules("notify deliver direct", "error match-resource other");
    expect(evaluate(list, desk, { ...toFull, fired: new Set([0]) }).kind).toBe("default");
    expect(evaluate([...list].reverse(), desk, toFull).kind).toBe("error");
  });
});

describe("XEP-0079 3.3.2, 7: expiry of a message that waits", () => {
  const soon = Date.parse(FUTURE);
  const later = "2026-11-22T12:00:09Z";

  test.each([
    ["nothing is due", [`drop expire-at ${FUTURE}`], [], NOON, undefined],
    ["due on the second", [`drop expire-at ${FUTURE}`], [], soon, 0],
    ["first in order, not in time", [`alert expire-at ${later}`, `drop expire-at ${FUTURE}`], [], soon + 10_000, 0],
    ["only the due one", [`alert expire-at ${later}`, `drop expire-at ${FUTURE}`], [], soon, 1],
    [
      "after a stored notice, a rule before it is live",
      [`drop expire-at ${FUTURE}`, "notify deliver stored"],
      [1],
      soon,
      0,
    ],
    [
      "after a stored notice, a rule behind it is closed",
      ["notify deliver stored", `drop expire-at ${FUTURE}`],
      [0],
      soon,
      undefined,
    ],
    ["a notify waiting for proof closes nothing", ["notify deliver direct", `drop expire-at ${FUTURE}`], [], soon, 1],
    ["fired once", [`notify expire-at ${FUTURE}`], [0], soon, undefined],
    ["deliver=direct is decided at receipt, not at a later delivery", ["drop deliver direct"], [], soon, undefined],
  ] as const)("%s", (_, texts, fired, now, index) => {
    expect(expired(rules(...texts), new Set(fired), now)?.index).toBe(index as never);
  });

  test.each([
    ["the earliest", [`alert expire-at ${later}`, "drop deliver none", `drop expire-at ${FUTURE}`], [], soon],
    ["none without expire-at", ["drop deliver none"], [], undefined],
    [
      "not behind a fired rule",
      [`alert expire-at ${later}`, "notify deliver stored", `drop expire-at ${FUTURE}`],
      [1],
      Date.parse(later),
    ],
    ["none when all is decided", ["notify deliver stored", `drop expire-at ${FUTURE}`], [0], undefined],
  ] as const)("nextDeadline(): %s", (_, texts, fired, at) => {
    expect(nextDeadline(rules(...texts), new Set(fired))).toBe(at as never);
  });
});

const anyRule = fc
  .tuple(
    fc.constantFrom(...ACTIONS),
    fc.constantFrom(
      ...DELIVER_VALUES.map((value) => `deliver ${value}`),
      ...MATCH_VALUES.map((value) => `match-resource ${value}`),
      `expire-at ${PAST}`,
      `expire-at ${FUTURE}`,
    ),
  )
  .map(([action, text]) => rule(`${action} ${text}`));
const anyList: fc.Arbitrary<Rule[]> = fc.array(anyRule, { minLength: 1, maxLength: 6 });
const anyPlan = fc.constantFrom(...names).map((name) => everyPlan[name]);
const anyContext = fc.constantFrom(toFull, toBare, { ...toFull, perHop: true });

const chosen = (list: Rule[], plan: Plan, context: RuleContext) => {
  const verdict = evaluate(list, plan, context);
  return verdict.kind === "default" ? verdict.notify?.index : verdict.index;
};

test("property, XEP-0079 2.2.3: the rule chosen is the first that would be met alone, and nothing behind it matters", () => {
  fc.assert(
    fc.property(anyList, anyPlan, anyContext, (list, plan, context) => {
      const alone = list.findIndex((each) => chosen([each], plan, context) !== undefined);
      const index = chosen(list, plan, context);
      expect(index ?? -1).toBe(alone);
      if (index !== undefined) expect(chosen(list.slice(0, index + 1), plan, context)).toBe(index);
    }),
  );
});

test("property: no rule fires twice however often a message is planned, and nothing fires behind a fired rule", () => {
  fc.assert(
    fc.property(anyList, fc.array(anyPlan, { maxLength: 8 }), anyContext, (list, plans, context) => {
      const fired: number[] = [];
      for (const plan of plans) {
        const index = chosen(list, plan, { ...context, fired: new Set(fired) });
        if (index === undefined) continue;
        expect(index).toBeLessThan(fired.at(-1) ?? list.length);
        fired.push(index);
      }
    }),
  );
});

test("property: expired() finds something exactly when the next deadline has come", () => {
  fc.assert(
    fc.property(anyList, fc.uniqueArray(fc.nat(5)), fc.integer({ min: -2000, max: 2000 }), (list, fired, offset) => {
      const [set, now] = [new Set(fired), NOON + offset];
      const due = (nextDeadline(list, set) ?? Number.POSITIVE_INFINITY) <= now;
      expect(expired(list, set, now) !== undefined).toBe(due);
    }),
  );
});

test("NOTHING_FIRED is empty", () => {
  expect(NOTHING_FIRED.size).toBe(0);
});
