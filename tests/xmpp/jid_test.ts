import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { Jid, JidError } from "../../xmpp/jid.ts";

const LONG = "a".repeat(1023);

const MARKS = "\u0301\u0323".repeat(15);

describe("the size of a part that is not normalised yet", () => {
  test.each([
    ["1,023 letters of full width", `${"\uff41".repeat(1023)}@b`, true],
    ["3,070 bytes of full width", `${"\uff41".repeat(1023)}a@b`, false],
    ["3,070 bytes in the resource", `a@b/${"\u3000".repeat(1023)}a`, false],
    ["30 marks in the local part", `a${MARKS}@b`, true],
    ["31 marks in the local part", `a${MARKS}\u0301@b`, false],
    ["31 marks in the resource", `a@b/a${MARKS}\u0301`, false],
    ["31 marks in the domain", `a@a${MARKS}\u0301`, false],
    ["a domain of 254 characters", `${"a.".repeat(126)}aa`, false],
    ["a domain of 253 characters", `${"a.".repeat(126)}a`, true],
    ["a domain of 253 characters and a dot", `${"a.".repeat(126)}a.`, true],
  ])("is judged first: %s", (_size, text, accepted) => {
    expect(Jid.tryParse(text) !== undefined).toBe(accepted);
  });
});

describe("Jid.parse()", () => {
  // The first group is RFC 7622 section 3.5, examples 1 to 15.
  test.each([
    ["juliet@example.com", "juliet", "example.com", ""],
    ["juliet@example.com/foo", "juliet", "example.com", "foo"],
    ["juliet@example.com/foo bar", "juliet", "example.com", "foo bar"],
    ["juliet@example.com/foo@bar", "juliet", "example.com", "foo@bar"],
    ["foo\\20bar@example.com", "foo\\20bar", "example.com", ""],
    ["fussball@example.com", "fussball", "example.com", ""],
    ["fu\u00dfball@example.com", "fu\u00dfball", "example.com", ""],
    ["\u03c0@example.com", "\u03c0", "example.com", ""],
    ["\u03a3@example.com/foo", "\u03c3", "example.com", "foo"],
    ["\u03c3@example.com/foo", "\u03c3", "example.com", "foo"],
    ["\u03c2@example.com/foo", "\u03c2", "example.com", "foo"],
    ["king@example.com/\u265a", "king", "example.com", "\u265a"],
    ["example.com", "", "example.com", ""],
    ["example.com/foobar", "", "example.com", "foobar"],
    ["a.example.com/b@example.net", "", "a.example.com", "b@example.net"],

    ["Juliet@Example.COM/Balcony", "juliet", "example.com", "Balcony"],
    ["juliet@example.com/a/b", "juliet", "example.com", "a/b"],
    ["juliet@example.com.", "juliet", "example.com", ""],
    ["a@localhost", "a", "localhost", ""],
    ["a@127.0.0.1/x", "a", "127.0.0.1", "x"],
    ["a@[::1]/x", "a", "[::1]", "x"],
    ["a@[0:0:0:0:0:0:0:1]", "a", "[::1]", ""],
    ["a@xn--mnchen-3ya.de", "a", "m\u00fcnchen.de", ""],
    ["a@M\u00dcNCHEN.de", "a", "m\u00fcnchen.de", ""],
    ["a@mu\u0308nchen.de", "a", "m\u00fcnchen.de", ""],
    ["a@b\u3002c", "a", "b.c", ""],
    ["a@1.example", "a", "1.example", ""],
    ["\uff4a\uff55\uff4c\uff49\uff45\uff54@example.com", "juliet", "example.com", ""],
    ["e\u0301@example.com", "\u00e9", "example.com", ""],
    ["\u212b@example.com", "\u00e5", "example.com", ""],
    ["l\u00b7l@example.com", "l\u00b7l", "example.com", ""],
    ["\u05d0\u05d1\u05d2@example.com", "\u05d0\u05d1\u05d2", "example.com", ""],
    ["\u05d01@example.com", "\u05d01", "example.com", ""],
    ["!#$%()*+,-.;=?[\\]^_`{|}~@a", "!#$%()*+,-.;=?[\\]^_`{|}~", "a", ""],
    ["a@b/x\u00a0y\u3000z", "a", "b", "x y z"],
    ["a@b/e\u0301", "a", "b", "\u00e9"],
    ["a@b/\u2163", "a", "b", "\u2163"],
    ["a@b/\ud83d\ude00", "a", "b", "\ud83d\ude00"],
    [`${LONG}@b/${LONG}`, LONG, "b", LONG],
  ] as const)("reads %j", (text, local, domain, resource) => {
    const jid = Jid.parse(text);
    expect([jid.local, jid.domain, jid.resource]).toEqual([local, domain, resource]);
    expect(Jid.parse(jid.text)).toEqual(jid);
  });

  // The first group is RFC 7622 section 3.5, examples 16 to 23.
  test.each([
    `"juliet"@example.com`,
    "foo bar@example.com",
    "juliet@example.com/ foo",
    "@example.com/",
    "henry\u2163@example.com",
    "\u265a@example.com",
    "juliet@",
    "/foobar",

    "",
    "@",
    "/",
    "@example.com",
    "juliet@example.com/",
    "juliet@/foo",
    "a@b@c",
    "a&b@c",
    "a'b@c",
    "a:b@c",
    "a<b@c",
    "a>b@c",
    "a\tb@c",
    "a\u007fb@c",
    "\uff20@example.com",
    "a\uff0fb@example.com",
    "a\u3000b@example.com",
    "a\u00adb@c",
    "a\u200db@c",
    "\u00b7@c",
    "\u30fb@c",
    "\u0640@c",
    "\u1100@c",
    "\ufb01@c",
    "\ud83d\ude00@c",
    "\ud800@c",
    "\u05d0a@c",
    "1\u05d0@c",
    "\u0661\u06f1@c",
    "a@.",
    "a@b..c",
    "a@.b",
    "a@b..",
    "a@-b",
    "a@b-",
    "a@b_c",
    "a@b c",
    "a@b\u0000",
    "a@ab--c",
    "a@xn--",
    "a@xn--a",
    "a@xn--mnchen-3ya\u00fc",
    "a@\u2163\u265a\u0640\u200d",
    `a@${"b".repeat(64)}`,
    "a@[::1",
    "a@::1",
    "a@[]",
    "a@[1.2.3.4]",
    "a@[::1]x",
    "a@[fe80::1%25eth0]",
    "a@b/\u00a0x",
    "a@b/\u0000",
    "a@b/a\nb",
    "a@b/\u007f",
    "a@b/\u0085",
    "a@b/\ufeffa",
    "a@b/\ue000",
    "a@b/\ufdd0",
    "a@b/\ud800",
    `${LONG}a@b`,
    `${"\u00e9".repeat(512)}@b`,
    `a@b/${LONG}a`,
    `a@b/${"\u00e9".repeat(512)}`,
  ])("refuses %j", (text) => {
    expect(() => Jid.parse(text)).toThrow(JidError);
    expect(Jid.tryParse(text)).toBeUndefined();
  });

  test("gives the same object for the same text", () => {
    expect(Jid.parse("memo@example.com/1")).toBe(Jid.parse("memo@example.com/1"));
  });

  test("remembers a bounded number of texts, the ones used last", () => {
    const often = Jid.parse("often@example.com");
    const seldom = Jid.parse("seldom@example.com");
    for (let i = 0; i < 40_000; i++) {
      Jid.parse(`u${i}@example.com`);
      if (i % 1000 === 0) Jid.parse("often@example.com");
    }
    expect(Jid.parse("often@example.com")).toBe(often);
    expect(Jid.parse("seldom@example.com")).not.toBe(seldom);
    expect(Jid.parse("seldom@example.com").equals(seldom)).toBe(true);
  });

  test("reads its own text to the same address, whatever it accepts", () => {
    const part = fc.string({ unit: "grapheme", minLength: 1, maxLength: 4 });
    const anyPart = fc.string({ unit: "binary", minLength: 1, maxLength: 2 });
    const parts = fc.oneof(part, anyPart);
    fc.assert(
      fc.property(parts, parts, parts, (local, domain, resource) => {
        const jid = Jid.tryParse(`${local}@${domain}/${resource}`);
        if (jid === undefined) return;
        const again = Jid.parse(jid.text);
        expect([again.local, again.domain, again.resource]).toEqual([jid.local, jid.domain, jid.resource]);
        expect(again.text).toBe(jid.text);
      }),
      { numRuns: 2000 },
    );
  });
});

describe("Jid", () => {
  const full = Jid.parse("juliet@example.com/balcony");

  test("bare is the address without its resource", () => {
    expect(full.bare.text).toBe("juliet@example.com");
    expect(full.bare).toBe(full.bare);
    expect(full.bare.bare).toBe(full.bare);
    expect(Jid.parse("example.com/a/b").bare.text).toBe("example.com");
  });

  test("isFull and isBare", () => {
    expect([full.isFull, full.isBare, full.bare.isFull, full.bare.isBare]).toEqual([true, false, false, true]);
  });

  test("withResource() prepares the resource", () => {
    expect(full.withResource("e\u0301").text).toBe("juliet@example.com/\u00e9");
    expect(full.bare.withResource("x").bare).toBe(full.bare);
    expect(() => full.withResource("")).toThrow(JidError);
  });

  test("of() prepares every part", () => {
    expect(Jid.of("Juliet", "Example.com", "R").text).toBe("juliet@example.com/R");
    expect(Jid.of("", "example.com").text).toBe("example.com");
    expect(() => Jid.of("a/b", "example.com")).toThrow(JidError);
    expect(() => Jid.of("a", "")).toThrow(JidError);
    expect(() => Jid.of("a", "b/c")).toThrow(JidError);
  });

  test("equals() compares the canonical form", () => {
    expect(full.equals(Jid.parse("JULIET@example.com/balcony"))).toBe(true);
    expect(full.equals(Jid.parse("juliet@example.com/Balcony"))).toBe(false);
  });

  test("toString() gives the text", () => {
    expect(`${full}`).toBe("juliet@example.com/balcony");
  });
});
