/**
 * Stanza ids (XEP-0359 section 3): a sequence number as an opaque text, so that an id tells neither
 * the time of a message nor how many there were (XEP-0359 section 5.1 wants them unpredictable).
 * @module
 */
import { Xtea } from "./xtea.ts";

const DIGITS = "abcdefghijklmnopqrstuvwxyz234567";
const LENGTH = 13;
const WORD = 2 ** 32;
/** Safe integers have 53 bits: 21 of the high word. */
const HIGH_BITS = 21;

const CODES = Uint8Array.from(DIGITS, (digit) => digit.charCodeAt(0));
const VALUES = Int8Array.from({ length: 128 }, (_, code) => DIGITS.indexOf(String.fromCharCode(code)));

/** The two-way mapping between sequence numbers and stanza ids under one key. */
export class StanzaIds {
  readonly #cipher: Xtea;
  readonly #block = new Int32Array(2);

  /** `key` is 16 bytes, kept with the store: with another key the ids of the archive change. */
  constructor(key: Uint8Array) {
    this.#cipher = new Xtea(key);
  }

  /** 13 characters of lower-case base32. */
  encode(seq: number): string {
    const block = this.#block;
    block[0] = Math.floor(seq / WORD);
    block[1] = seq;
    this.#cipher.encrypt(block);
    return toBase32(block[0]!, block[1]!);
  }

  /** Undefined for any text that `encode` does not give under this key. */
  decode(id: string): number | undefined {
    const block = this.#block;
    if (!fromBase32(id, block)) return undefined;
    this.#cipher.decrypt(block);
    if (block[0]! >>> HIGH_BITS !== 0) return undefined;
    return block[0]! * WORD + (block[1]! >>> 0);
  }
}

/**
 * 64 bits as one digit of 4 bits and twelve of 5; the seventh takes the last 3 bits of the high word and 2 of the low.
 */
function toBase32(high: number, low: number): string {
  // Made of its codes at once: put together of pieces, each id would be a tree of them.
  return String.fromCharCode(
    CODES[high >>> 28]!,
    CODES[(high >>> 23) & 31]!,
    CODES[(high >>> 18) & 31]!,
    CODES[(high >>> 13) & 31]!,
    CODES[(high >>> 8) & 31]!,
    CODES[(high >>> 3) & 31]!,
    CODES[((high & 7) << 2) | (low >>> 30)]!,
    CODES[(low >>> 25) & 31]!,
    CODES[(low >>> 20) & 31]!,
    CODES[(low >>> 15) & 31]!,
    CODES[(low >>> 10) & 31]!,
    CODES[(low >>> 5) & 31]!,
    CODES[low & 31]!,
  );
}

/** Returns false for text that toBase32 does not give. */
function fromBase32(text: string, block: Int32Array): boolean {
  if (text.length !== LENGTH) return false;
  let high = 0;
  let low = 0;
  for (let i = 0; i < LENGTH; i++) {
    const value = VALUES[text.charCodeAt(i)] ?? -1;
    if (value < 0 || (i === 0 && value > 15)) return false;
    high = (high << 5) | (low >>> 27);
    low = (low << 5) | value;
  }
  block[0] = high;
  block[1] = low;
  return true;
}
