import { describe, expect, test } from "bun:test";
import { isBlocked } from "../../../modules/blocking/block_list.ts";
import { Jid } from "../../../xmpp/jid.ts";

describe("isBlocked() (XEP-0191 2, XEP-0016 2.1)", () => {
  test.each([
    ["a@b/c", "a@b/c", true],
    ["a@b/c", "a@b/d", false],
    ["a@b/c", "a@b", false],
    ["a@b", "a@b/c", true],
    ["a@b", "a@b", true],
    ["a@b", "b", false],
    ["a@b", "x@b/c", false],
    ["b/c", "a@b/c", true],
    ["b/c", "b/c", true],
    ["b/c", "a@b/d", false],
    ["b/c", "a@b", false],
    ["b", "a@b/c", true],
    ["b", "a@b", true],
    ["b", "b/c", true],
    ["b", "b", true],
    ["b", "a@x.b", false],
  ])("an entry %s against %s: %p", (entry, jid, expected) => {
    expect(isBlocked(new Set(["other@elsewhere", entry]), Jid.parse(jid))).toBe(expected);
  });

  test("an empty list blocks nobody", () => {
    expect(isBlocked(new Set(), Jid.parse("a@b/c"))).toBe(false);
  });
});
