import { describe, expect, test } from "bun:test";
import { checkPassword, deriveCredentials, PasswordError, SCRAM_HASHES } from "../../xmpp/scram_keys.ts";

describe("deriveCredentials()", () => {
  test("makes keys for each hash, each with a salt of its own", async () => {
    const credentials = await deriveCredentials("pencil");
    expect(Object.keys(credentials).sort()).toEqual([...SCRAM_HASHES].sort());
    const salts = Object.values(credentials).map(({ salt }) => salt);
    expect(new Set(salts).size).toBe(3);
    expect(JSON.stringify(credentials)).not.toContain("pencil");
  });

  test.each([[""], ["a\u0007b"], ["\u00ad"]])("refuses %j", async (password) => {
    expect(deriveCredentials(password)).rejects.toBeInstanceOf(PasswordError);
  });
});

describe("a password's size", () => {
  test.each([
    ["1,023 bytes", `${"\u00e9".repeat(511)}a`, true],
    ["1,024 bytes", "\u00e9".repeat(512), false],
    ["30 marks in a row", `a${"\u0301\u0323".repeat(15)}`, true],
    ["31 marks in a row", `a${"\u0301\u0323".repeat(15)}\u0301`, false],
    ["31 marks, some of them of half width", `a${"\u0301\uff9e".repeat(15)}\u0301`, false],
  ])("of %s is judged before SASLprep", async (_size, password, accepted) => {
    const credentials = await deriveCredentials(password, 1).catch((error) => error);
    expect(credentials instanceof PasswordError).toBe(!accepted);
    const kept = accepted ? credentials : await deriveCredentials("pencil", 1);
    expect(await checkPassword(password, kept)).toBe(accepted);
  });
});

describe("checkPassword()", () => {
  test.each([
    ["pencil", true],
    ["Pencil", false],
    ["pencil ", false],
    ["", false],
    ["a\u0007b", false],
  ])("answers %j with %p", async (password, expected) => {
    expect(await checkPassword(password, await deriveCredentials("pencil"))).toBe(expected);
  });

  test("prepares both by SASLprep", async () => {
    const credentials = await deriveCredentials("I\u00adX\u00a0\u2168");
    expect(await checkPassword("IX IX", credentials)).toBe(true);
  });

  test.each([...SCRAM_HASHES])("needs the keys of %s alone", async (hash) => {
    const { [hash]: keys } = await deriveCredentials("pencil");
    expect(await checkPassword("pencil", { [hash]: keys! })).toBe(true);
    expect(await checkPassword("pencils", { [hash]: keys! })).toBe(false);
  });

  test("is false where there are no keys", async () => {
    expect(await checkPassword("pencil", {})).toBe(false);
  });
});
