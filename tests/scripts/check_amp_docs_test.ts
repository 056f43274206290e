import { describe, expect, test } from "bun:test";
import { clauseTable, unshownClauses } from "../../scripts/amp_docs/clause_table.ts";
import { covers } from "../../scripts/amp_docs/clauses.ts";
import { findTests, type NamedTest } from "../../scripts/amp_docs/named_tests.ts";
import { showXml } from "../../scripts/amp_docs/show_xml.ts";
import { replacePart } from "../../scripts/check_amp_docs.ts";
import { Element } from "../../xmpp/xml/element.ts";

describe("findTests()", () => {
  const rows: readonly [string, string, string, readonly string[]][] = [
    ["a plain name", "tests/amp/a_test.ts", 'test("XEP-0079 2.2.3: in order", () => {', ["2.2.3"]],
    ["two clauses", "tests/amp/a_test.ts", 'test("XEP-0079 3.4.1, 5.3: alert", () => {', ["3.4.1, 5.3"]],
    ["a number alone in a file about AMP", "tests/scenarios/amp_x_test.ts", 'scenario("9: nobody learns", x);', ["9"]],
    ["a number alone in another file", "tests/scenarios/roster_test.ts", 'scenario("9: nobody learns", x);', []],
    ["another XEP", "tests/amp/a_test.ts", 'test("XEP-0313 3.1: pages", () => {', []],
    ["a name with what varies", "tests/amp/a_test.ts", `test(\`XEP-0079 3.3.1: to \${what}: none\`, x)`, ["3.3.1"]],
    ["a word behind the number", "tests/amp/a_test.ts", 'test("3.3.1 forward: once", x)', ["3.3.1"]],
    ["a table", "tests/amp/a_test.ts", 'test.each(rows)("XEP-0079 2.2.1: %s", x)', ["2.2.1"]],
  ];
  test.each(rows)("finds %s", (_, file, source, clauses) => {
    expect(findTests(file, source).map((found) => found.clauses.join(", "))).toEqual([...clauses]);
  });

  test("tells what is skipped", () => {
    expect(findTests("tests/amp/a_test.ts", 'test.skip("XEP-0079 8: later (skipped: no)", x)')[0]?.isSkipped).toBe(
      true,
    );
  });
});

test("covers(): a clause speaks of its parts, not of its neighbours", () => {
  expect([covers("3.4", "3.4.1"), covers("3.4.1", "3.4"), covers("2", "2.2.1"), covers("3.3", "3.31")]).toEqual([
    true,
    false,
    true,
    false,
  ]);
});

test("unshownClauses(): a clause whose tests are all skipped is not shown", () => {
  const named = (isSkipped: boolean): NamedTest => ({ file: "f", name: "n", clauses: ["8"], isSkipped });
  expect(unshownClauses([named(true)])).toContain("8");
  expect(unshownClauses([named(true), named(false)])).not.toContain("8");
  expect(clauseTable([named(true)])).toContain("| skipped |");
});

test("replacePart() changes what is between the marks, and is done after once", () => {
  const page = "a\n<!-- x -->\nold\n<!-- /x -->\nb";
  const once = replacePart(page, "x", "new");
  expect(once).toBe("a\n<!-- x -->\n\nnew\n\n<!-- /x -->\nb");
  expect(replacePart(once, "x", "new")).toBe(once);
  expect(() => replacePart("", "x", "new")).toThrow("no marks for x");
});

test("showXml() indents, and escapes", () => {
  const element = Element.parse(
    '<message to="a"><body>1 &lt; 2</body><x xmlns="urn:x"><y/></x></message>',
    "jabber:client",
  );
  expect(showXml(element)).toBe(
    '<message to="a">\n  <body>1 &lt; 2</body>\n  <x xmlns="urn:x">\n    <y/>\n  </x>\n</message>',
  );
});
