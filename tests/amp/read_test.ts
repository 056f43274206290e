import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { presenceFault, readRequest, reportingRules } from "../../amp/read.ts";
import { ACTIONS, CONDITIONS, DELIVER_VALUES, MATCH_VALUES } from "../../amp/rule.ts";
import { attr, xml } from "../../xmpp/xml/xml.ts";
import { ampText, DAY, FUTURE, NOON, rules } from "./fixtures.ts";

const LIMITS = { maxRules: 8, maxHorizonMs: 30 * DAY };
const read = (inner: string, attributes = "") => readRequest(ampText(inner, attributes), LIMITS, NOON);

const quoted = (text: string) => {
  const [action, condition, value] = text.split(" ") as [string, string, string];
  return { action, condition, value };
};
const write = (text: string) => {
  const { action, condition, value } = quoted(text);
  return `<rule action='${action}' condition='${condition}' value='${value}'/>`;
};

describe("a valid request", () => {
  test("XEP-0079 2.1.2: the example is read, per-hop is false by default", () => {
    expect(read(`<rule condition='expire-at'\n action='drop'\n value='2004-01-01T00:00:00Z'/>`)).toEqual({
      kind: "request",
      perHop: false,
      rules: [{ condition: "expire-at", action: "drop", value: "2004-01-01T00:00:00Z", at: Date.UTC(2004, 0, 1) }],
    });
  });

  test("XEP-0079 5.1: the example is read in order, with per-hop", () => {
    const texts = ["error expire-at 2004-09-10T08:33:14Z", "error match-resource other"];
    expect(read(texts.map(write).join(" \n "), " per-hop='true'")).toEqual({
      kind: "request",
      perHop: true,
      rules: rules(...texts),
    });
  });

  const values = [
    ...DELIVER_VALUES.map((value) => `deliver ${value}`),
    ...MATCH_VALUES.map((value) => `match-resource ${value}`),
    `expire-at ${FUTURE}`,
  ];
  test.each(ACTIONS.flatMap((action) => values.map((value) => `${action} ${value}`)))(
    "XEP-0079 3.3, 3.4: %s is supported",
    (text) => {
      expect(read(write(text))).toEqual({ kind: "request", perHop: false, rules: rules(text) });
    },
  );

  test("XEP-0079 4.1: from and to of a client are ignored, per-hop may be spelled out", () => {
    const result = read(write("drop deliver stored"), " from='a@b/c' to='d@e' per-hop='false'");
    expect(result).toEqual({ kind: "request", perHop: false, rules: rules("drop deliver stored") });
  });

  test("rules are found by name and namespace; other content of <amp/> does not count", () => {
    const foreign = `<rule xmlns='urn:other' action='x'/><note>hi</note>`;
    expect(read(foreign + write("drop deliver stored"))).toMatchObject({ rules: rules("drop deliver stored") });
  });

  test("XEP-0079 3.3.2: fractions of a second are allowed", () => {
    const result = read(write("drop expire-at 2026-11-22T12:00:00.25Z"));
    expect(result).toMatchObject({ rules: [{ at: NOON + 250 }] });
  });
});

test.each(["notify", "alert", "error", "drop", ""])("XEP-0079 4.1: <amp status='%s'/> is never a request", (status) => {
  expect(read(write("drop deliver stored"), ` status='${status}'`)).toEqual({ kind: "notice" });
  expect(read("<rule/>", ` status='${status}'`)).toEqual({ kind: "notice" });
});

describe("validation", () => {
  const invalid = (...each: string[]) => ({ kind: "invalid-rules" as const, rules: each.map(quoted) });
  const table: [string, string[], { kind: string; rules: unknown[] }][] = [
    ["unknown value of deliver", ["drop deliver maybe"], invalid("drop deliver maybe")],
    ["unknown value of match-resource", ["drop match-resource home"], invalid("drop match-resource home")],
    ["malformed date", ["drop expire-at tomorrow"], invalid("drop expire-at tomorrow")],
    [
      "a day that does not exist",
      ["drop expire-at 2026-02-30T00:00:00Z"],
      invalid("drop expire-at 2026-02-30T00:00:00Z"),
    ],
    ["date without zone", ["drop expire-at 2026-11-22T13:00:00"], invalid("drop expire-at 2026-11-22T13:00:00")],
    [
      "date not in UTC",
      ["drop expire-at 2026-11-22T13:00:00+01:00"],
      invalid("drop expire-at 2026-11-22T13:00:00+01:00"),
    ],
    ["condition and action unknown", ["explode moon full"], invalid("explode moon full")],
    ["values are case-sensitive", ["drop deliver Direct"], invalid("drop deliver Direct")],
    ["unknown action, bad value", ["explode deliver maybe"], invalid("explode deliver maybe")],
    [
      "unknown action",
      ["explode deliver stored"],
      { kind: "unsupported-actions", rules: [quoted("explode deliver stored")] },
    ],
    ["unknown condition", ["drop moon full"], { kind: "unsupported-conditions", rules: [quoted("drop moon full")] }],
    [
      "every rule of the kind, in order, and only those",
      ["drop moon full", "drop deliver stored", "alert sun high"],
      { kind: "unsupported-conditions", rules: [quoted("drop moon full"), quoted("alert sun high")] },
    ],
    [
      "an action goes before a condition",
      ["drop moon full", "explode deliver stored", "burn deliver none"],
      { kind: "unsupported-actions", rules: [quoted("explode deliver stored"), quoted("burn deliver none")] },
    ],
    [
      "an invalid rule goes before both",
      ["drop moon full", "explode deliver stored", "drop deliver maybe", "boil moon full"],
      invalid("drop deliver maybe", "boil moon full"),
    ],
    ["too far ahead", ["drop expire-at 2027-11-22T12:00:00Z"], invalid("drop expire-at 2027-11-22T12:00:00Z")],
    [
      "too far ahead goes before an unknown action",
      ["explode deliver stored", "explode expire-at 2027-11-22T12:00:00Z"],
      invalid("explode expire-at 2027-11-22T12:00:00Z"),
    ],
  ];
  test.each(table)("XEP-0079 2.2.1: %s", (_, texts, fault) => {
    expect(read(texts.map(write).join(""))).toEqual({ kind: "invalid", fault } as never);
  });

  test.each([
    ["", {}],
    [" condition='deliver' value='stored'", { condition: "deliver", value: "stored" }],
    [" action='drop' value='stored'", { action: "drop", value: "stored" }],
    [" action='drop' condition='deliver'", { action: "drop", condition: "deliver" }],
    [" action='' condition='deliver' value='stored'", { action: "", condition: "deliver", value: "stored" }],
    [" action='drop' condition='' value='stored'", { action: "drop", condition: "", value: "stored" }],
    [" action='drop' condition='deliver' value=''", { action: "drop", condition: "deliver", value: "" }],
    [" action='explode' condition='deliver' value=''", { action: "explode", condition: "deliver", value: "" }],
    [" action='drop' condition='moon' value=''", { action: "drop", condition: "moon", value: "" }],
    [
      " action='drop' condition='deliver' value='maybe' other='x'",
      { action: "drop", condition: "deliver", value: "maybe" },
    ],
  ])("XEP-0079 4.2: <rule%s/> is invalid, and quoted as sent", (attributes, rule) => {
    const result = read(`${write("drop deliver stored")}<rule${attributes}/>`);
    expect(result).toEqual({ kind: "invalid", fault: { kind: "invalid-rules", rules: [rule] } });
  });

  test("XEP-0079 4.1: no rule at all", () => {
    expect(read("")).toEqual({ kind: "invalid", fault: { kind: "invalid-rules", rules: [] } });
  });

  test.each(["yes", "1", "TRUE", "", " true"])("XEP-0079 2.1.2: per-hop='%s' puts every rule at issue", (perHop) => {
    const result = read(write("drop deliver stored") + write("drop moon full"), ` per-hop='${perHop}'`);
    expect(result).toEqual({ kind: "invalid", fault: invalid("drop deliver stored", "drop moon full") });
  });

  test("XEP-0079 2.2.1: the rules beyond the limit are refused", () => {
    const texts = Array.from({ length: 10 }, (_, i) => `drop expire-at 2026-11-22T13:00:0${i}Z`);
    expect(read(texts.slice(0, 8).map(write).join(""))).toMatchObject({ kind: "request" });
    expect(read(texts.map(write).join(""))).toEqual({ kind: "invalid", fault: invalid(...texts.slice(8)) });
  });

  test("the horizon moves with the clock, though the text is remembered", () => {
    const text = ampText(write("drop expire-at 2026-12-23T12:00:00Z"));
    expect(readRequest(text, LIMITS, NOON).kind).toBe("invalid");
    expect(readRequest(text, LIMITS, NOON + DAY).kind).toBe("request");
    expect(readRequest(text, LIMITS, NOON).kind).toBe("invalid");
  });
});

test("the same text gives the same object, without a second parse", () => {
  const text = ampText(write("notify deliver direct"));
  expect(readRequest(text, LIMITS, NOON)).toBe(readRequest(`${text}`, LIMITS, NOON + 1));
});

describe("XEP-0079 9: the presence policy", () => {
  const all = rules(
    "drop deliver stored",
    "alert deliver none",
    "error match-resource other",
    `notify expire-at ${FUTURE}`,
  );

  test("every rule that could report is refused, drop is not", () => {
    expect(reportingRules(all)).toEqual(all.slice(1));
    expect(presenceFault(all)).toMatchObject({ kind: "invalid-rules", rules: all.slice(1) });
  });

  test("rules that only drop are accepted", () => {
    expect(presenceFault(rules("drop deliver stored", "drop deliver none"))).toBeUndefined();
  });
});

const someOf = (known: readonly string[]) =>
  fc.option(fc.oneof(fc.constantFrom(...known), fc.string()), { nil: undefined });
const anyRule = fc.record({
  condition: someOf(CONDITIONS),
  action: someOf(ACTIONS),
  value: someOf([...DELIVER_VALUES, ...MATCH_VALUES, FUTURE]),
});
const visible = (text: string) =>
  ![...text].some((char) => char < " " || (char >= "\ud800" && char < "\ue000") || char > "\ufffd");

test("property: any well-formed element is read to exactly one answer, whose rules were sent", () => {
  const texts = fc
    .array(anyRule, { maxLength: 12 })
    .filter((each) =>
      each.every((rule) => Object.values(rule).every((value) => value === undefined || visible(value))),
    );
  fc.assert(
    fc.property(texts, fc.option(fc.constantFrom("true", "false", "x"), { nil: undefined }), (sent, perHop) => {
      const inner = sent.map(
        (rule) =>
          xml`<rule${attr("condition", rule.condition)}${attr("action", rule.action)}${attr("value", rule.value)}/>`,
      );
      const result = readRequest(ampText(inner.join(""), attr("per-hop", perHop).text), LIMITS, NOON);
      if (result.kind === "request") {
        expect(result.rules.map(({ condition, action, value }) => ({ condition, action, value }))).toEqual(
          sent as never,
        );
      } else if (result.kind === "invalid") {
        const asSent = sent.map((rule) => JSON.stringify(rule, ["action", "condition", "value"]));
        for (const rule of result.fault.rules)
          expect(asSent).toContain(JSON.stringify(rule, ["action", "condition", "value"]));
        expect(result.fault.rules.length > 0 || sent.length === 0).toBe(true);
      }
      expect(result.kind).not.toBe("notice");
    }),
    { numRuns: 300 },
  );
});
