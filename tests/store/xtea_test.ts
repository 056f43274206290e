import { expect, test } from "bun:test";
import { Xtea } from "../../store/xtea.ts";

const COUNTING = "000102030405060708090a0b0c0d0e0f";
const ZERO = "00000000000000000000000000000000";

/** Published vectors of XTEA with 32 cycles: key, plain text, cipher text. */
const VECTORS = [
  [COUNTING, "4142434445464748", "497df3d072612cb5"],
  [COUNTING, "4141414141414141", "e78f2d13744341d8"],
  [COUNTING, "5a5b6e278948d77f", "4141414141414141"],
  [ZERO, "4142434445464748", "a0390589f8b8efa5"],
  [ZERO, "4141414141414141", "ed23375a821a8c2d"],
  [ZERO, "70e1225d6e4e7655", "4141414141414141"],
] as const;

function blockOf(hex: string): Int32Array {
  return Int32Array.of(Number.parseInt(hex.slice(0, 8), 16), Number.parseInt(hex.slice(8), 16));
}

test.each(VECTORS)("encrypt() and decrypt() with key %s: %s and %s", (key, plain, cipher) => {
  const xtea = new Xtea(Uint8Array.from(Buffer.from(key, "hex")));
  const block = blockOf(plain);
  xtea.encrypt(block);
  expect(block).toEqual(blockOf(cipher));
  xtea.decrypt(block);
  expect(block).toEqual(blockOf(plain));
});

test("a key of another length is refused", () => {
  expect(() => new Xtea(new Uint8Array(15))).toThrow(RangeError);
});
