/**
 * XTEA (Needham and Wheeler, 1997): a block cipher of 64 bits with a key of 128 bits, 32 cycles.
 * It hides numbers in ids that somebody else reads; it protects no content.
 * @module
 */

const CYCLES = 32;
const DELTA = 0x9e3779b9;

/** A key, ready for use. A block is two 32-bit words, the high one first, changed in place. */
export class Xtea {
  /** What each half-cycle adds: the running sum and the key word that it selects. */
  readonly #schedule = new Int32Array(CYCLES * 2);

  /** `key` is 16 bytes, read as big-endian words. Throws RangeError for another length. */
  constructor(key: Uint8Array) {
    if (key.length !== 16) throw new RangeError(`Cannot use an XTEA key: ${key.length} bytes, not 16`);
    const view = new DataView(key.buffer, key.byteOffset, key.byteLength);
    const word = (index: number) => view.getUint32((index & 3) * 4);
    let sum = 0;
    for (let cycle = 0; cycle < CYCLES; cycle++) {
      this.#schedule[cycle * 2] = sum + word(sum);
      sum = (sum + DELTA) >>> 0;
      this.#schedule[cycle * 2 + 1] = sum + word(sum >>> 11);
    }
  }

  encrypt(block: Int32Array): void {
    const schedule = this.#schedule;
    let high = block[0]!;
    let low = block[1]!;
    for (let i = 0; i < CYCLES * 2; i += 2) {
      high = (high + ((((low << 4) ^ (low >>> 5)) + low) ^ schedule[i]!)) | 0;
      low = (low + ((((high << 4) ^ (high >>> 5)) + high) ^ schedule[i + 1]!)) | 0;
    }
    block[0] = high;
    block[1] = low;
  }

  decrypt(block: Int32Array): void {
    const schedule = this.#schedule;
    let high = block[0]!;
    let low = block[1]!;
    for (let i = CYCLES * 2 - 2; i >= 0; i -= 2) {
      low = (low - ((((high << 4) ^ (high >>> 5)) + high) ^ schedule[i + 1]!)) | 0;
      high = (high - ((((low << 4) ^ (low >>> 5)) + low) ^ schedule[i]!)) | 0;
    }
    block[0] = high;
    block[1] = low;
  }
}
