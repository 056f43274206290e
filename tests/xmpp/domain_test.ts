import { afterEach, beforeEach, expect, type Mock, spyOn, test } from "bun:test";
import tr46 from "tr46";
import { prepareDomain } from "../../xmpp/domain.ts";

let counted: Mock<typeof tr46.toUnicode>;
beforeEach(() => {
  counted = spyOn(tr46, "toUnicode");
});
afterEach(() => void counted.mockRestore());

const calls = () => counted.mock.calls.length;

test.each([
  ["a name", "asked-once.b\u00fccher", "asked-once.b\u00fccher"],
  ["an A-label", "xn--vi-qia.example", "vi\u00e2.example"],
  ["a name that is refused", "b\u00fccher\u2603..example", undefined],
])("UTS 46 is asked once for %s", (_what, text, expected) => {
  for (let time = 0; time < 100; time++) expect(prepareDomain(text)).toBe(expected);
  expect(calls()).toBe(1);
});

test("it is not asked for a host name", () => {
  for (const text of ["localhost", "Example.COM.", "192.0.2.1", "[::1]"]) prepareDomain(text);
  expect(calls()).toBe(0);
});

test("a name in use is remembered among any number of others, which are forgotten", () => {
  prepareDomain("in-use.caf\u00e9");
  prepareDomain("once.caf\u00e9");
  const others = 6000;
  for (let at = 0; at < others; at++) {
    prepareDomain(`other${at}.caf\u00e9`);
    if (at % 100 === 0) prepareDomain("in-use.caf\u00e9");
  }
  expect(calls()).toBe(2 + others);
  prepareDomain("once.caf\u00e9");
  expect(calls()).toBe(3 + others);
});
