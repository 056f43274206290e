import { expect, test } from "bun:test";
import * as fc from "fast-check";
import { StanzaIds } from "../../store/stanza_id.ts";

const ids = new StanzaIds(Uint8Array.from({ length: 16 }, (_, i) => i * 7));
const seqs = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER });

test.each([0, 1, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 52, Number.MAX_SAFE_INTEGER])(
  "decode() undoes encode(%d)",
  (seq) => {
    expect(ids.encode(seq)).toMatch(/^[a-p][a-z2-7]{12}$/);
    expect(ids.decode(ids.encode(seq))).toBe(seq);
  },
);

test.each([
  [0, "crgdv75cwapj6"],
  [123_456_789, "p56nudihzcsgb"],
  [Number.MAX_SAFE_INTEGER, "pxqb7uhktzkmu"],
])("the id of %d stays the same: archives are known by it", (seq, id) => {
  expect(ids.encode(seq)).toBe(id);
});

test("decode() undoes encode() of any number", () => {
  fc.assert(fc.property(seqs, (seq) => expect(ids.decode(ids.encode(seq))).toBe(seq)));
});

test("decode() takes nothing that encode() does not give", () => {
  const digits = fc.string({
    unit: fc.constantFrom(..."abcdefghijklmnopqrstuvwxyz234567"),
    minLength: 13,
    maxLength: 13,
  });
  fc.assert(
    fc.property(fc.oneof(digits, fc.string()), (text) => {
      const seq = ids.decode(text);
      if (seq !== undefined) expect(ids.encode(seq)).toBe(text);
    }),
    { numRuns: 2000 },
  );
});

test("decode() refuses a changed id, other letters, and another length", () => {
  const id = ids.encode(123_456_789);
  // One bit more than 64: the first digit has four.
  const beyond = `${String.fromCharCode(id.charCodeAt(0) + 16).replace(/[^a-z]/, "7")}${id.slice(1)}`;
  for (const text of [
    "",
    id.slice(1),
    `${id}a`,
    id.toUpperCase(),
    `${id.slice(0, 12)}\u{1f339}`,
    ` ${id.slice(1)}`,
    beyond,
  ]) {
    expect(ids.decode(text)).toBeUndefined();
  }
});

test("ids of neighbours have nothing in common, and another key gives others", () => {
  const other = new StanzaIds(new Uint8Array(16));
  const common = (a: string, b: string) => [...a].filter((digit, i) => digit === b[i]).length;
  let total = 0;
  for (let seq = 1000; seq < 1100; seq++) total += common(ids.encode(seq), ids.encode(seq + 1));
  // By chance 13/32 digits a pair; an id that showed its number would have twelve.
  expect(total / 100).toBeLessThan(1);
  expect(other.encode(1000)).not.toBe(ids.encode(1000));
});
