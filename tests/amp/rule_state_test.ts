import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { ACTIONS } from "../../amp/rule.ts";
import type { RuleState } from "../../amp/rule_state.ts";
import { decodeState, encodeState } from "../../amp/rule_state.ts";
import { Jid } from "../../xmpp/jid.ts";
import { FUTURE, rule, rules } from "./fixtures.ts";

const state: RuleState = {
  rules: rules(`drop expire-at ${FUTURE}`, "notify deliver stored"),
  perHop: false,
  fired: new Set([1]),
  settled: true,
  sender: Jid.parse("bernardo@hamlet.lit/elsinore"),
  recipient: Jid.parse("francisco@hamlet.lit"),
  id: "chatty2",
};

test("decodeState() gives back what encodeState() wrote", () => {
  expect(decodeState(encodeState(state))).toEqual(state);
});

test("encodeState() keeps its form: rows outlive the program", () => {
  expect(encodeState(state)).toBe(
    `[1,[["expire-at","drop","${FUTURE}"],["deliver","notify","stored"]],[1],"bernardo@hamlet.lit/elsinore","francisco@hamlet.lit","chatty2",0,1]`,
  );
});

describe("decodeState() of a damaged text", () => {
  const rows: [string, string][] = [
    ["empty", ""],
    ["cut off", encodeState(state).slice(0, -3)],
    ["not an array", "{}"],
    ["null", "null"],
    ["too few parts", "[1]"],
    ["another version", encodeState(state).replace("[1,", "[2,")],
    ["unknown condition", encodeState(state).replace("deliver", "moon")],
    ["unknown action", encodeState(state).replace("notify", "explode")],
    ["bad date", encodeState(state).replace(FUTURE, "soon")],
    ["fired beyond the rules", encodeState(state).replace(",[1],", ",[2],")],
    ["fired negative", encodeState(state).replace(",[1],", ",[-1],")],
    ["sender no address", encodeState(state).replace("bernardo@", "@")],
    ["recipient no address", encodeState(state).replace("francisco@", "@")],
    ["no id", encodeState(state).replace("chatty2", "")],
    ["a flag that is none", encodeState(state).replace(",0,1]", ",0,2]")],
    ["no rules", encodeState({ ...state, rules: [], fired: new Set() })],
  ];
  test.each(rows)("%s", (_, text) => {
    expect(text).not.toBe(encodeState(state));
    expect(decodeState(text)).toBeUndefined();
  });
});

test("property: every state survives the round trip", () => {
  const anyRule = fc
    .tuple(fc.constantFrom(...ACTIONS), fc.constantFrom("deliver none", "match-resource exact", `expire-at ${FUTURE}`))
    .map(([action, text]) => rule(`${action} ${text}`));
  const anyState = fc
    .record({
      rules: fc.array(anyRule, { minLength: 1, maxLength: 6 }),
      perHop: fc.boolean(),
      settled: fc.boolean(),
      id: fc.string({ minLength: 1, unit: "grapheme" }),
      fired: fc.uniqueArray(fc.nat(5)),
    })
    .map(
      (each): RuleState => ({
        ...state,
        ...each,
        fired: new Set(each.fired.filter((index) => index < each.rules.length)),
      }),
    );
  fc.assert(
    fc.property(anyState, (each) => {
      expect(decodeState(encodeState(each))).toEqual(each);
    }),
  );
});

test("property: no text makes decodeState() throw", () => {
  const texts = fc.oneof(
    fc.string(),
    fc.json(),
    fc.array(fc.jsonValue(), { minLength: 8, maxLength: 8 }).map((parts) => JSON.stringify([1, ...parts.slice(1)])),
  );
  fc.assert(
    fc.property(texts, (text) => {
      expect(() => decodeState(text)).not.toThrow();
    }),
  );
});
