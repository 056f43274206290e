import { expect, test } from "bun:test";
import { componentOf } from "../../../transport/component/component_settings.ts";
import { handshakeDigest, isGenuine } from "../../../transport/component/handshake.ts";

const ID = "3BF96D32";
const SECRET = "a secret of components";
// printf '3BF96D32a secret of components' | sha1sum
const DIGEST = "b08e900075d7ca13fffff4ca3d7f7a8a07ec9d18";

test("handshakeDigest() is the SHA-1 of id and secret in lowercase hexadecimal: XEP-0114 section 3", () => {
  expect(handshakeDigest(ID, SECRET)).toBe(DIGEST);
});

const GIVEN: readonly (readonly [string, boolean])[] = [
  [DIGEST, true],
  [DIGEST.toUpperCase(), false],
  [DIGEST.slice(1), false],
  [`${DIGEST}0`, false],
  [`0${DIGEST.slice(1)}`, false],
  ["é".repeat(20), false],
  ["", false],
];

for (const [given, wanted] of GIVEN) {
  test(`isGenuine(${JSON.stringify(given)}) is ${wanted}`, () => {
    expect(isGenuine(given, ID, SECRET)).toBe(wanted);
    expect(isGenuine(given, `${ID}0`, SECRET)).toBe(false);
  });
}

const OF: readonly (readonly [string, string | undefined])[] = [
  ["gw.example", "gw.example"],
  ["a.gw.example", "gw.example"],
  ["b.a.gw.example", "gw.example"],
  ["inner.gw.example", "inner.gw.example"],
  ["a.inner.gw.example", "inner.gw.example"],
  // Served here, though it lies below.
  ["own.gw.example", undefined],
  ["agw.example", undefined],
  ["example", undefined],
];

for (const [domain, wanted] of OF) {
  test(`componentOf(${domain}) is ${wanted}`, () => {
    const secrets = new Map([
      ["gw.example", SECRET],
      ["inner.gw.example", SECRET],
    ]);
    expect(componentOf(domain, { domains: ["own.gw.example"], secrets })).toBe(wanted);
  });
}
