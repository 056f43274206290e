import { ownCopy } from "./own_copy.ts";

/**
 * A bounded cache of a pure function of text: two generations of at most `limit` entries each. An entry that is not asked for
 * during a whole generation is dropped, so texts that never repeat cannot make it grow. Values of texts longer than `maxLength`
 * are not kept.
 */
export class TextMemo<Value> {
  readonly #compute: (text: string) => Value;
  readonly #limit: number;
  readonly #maxLength: number;
  #young = new Map<string, Value>();
  #old = new Map<string, Value>();

  /** `compute` gets a copy of the text, which keeps nothing else in memory. */
  constructor(compute: (text: string) => Value, limit: number, maxLength: number) {
    this.#compute = compute;
    this.#limit = limit;
    this.#maxLength = maxLength;
  }

  /** @throws whatever `compute` throws; nothing is kept then */
  get(text: string): Value {
    return this.find(text) ?? this.#make(ownCopy(text));
  }

  /** The value, if it is kept. */
  find(text: string): Value | undefined {
    const young = this.#young.get(text);
    if (young !== undefined) return young;
    const old = this.#old.get(text);
    if (old !== undefined) this.#keep(ownCopy(text), old);
    return old;
  }

  #make(text: string): Value {
    const value = this.#compute(text);
    if (text.length <= this.#maxLength) this.#keep(text, value);
    return value;
  }

  #keep(text: string, value: Value): void {
    if (this.#young.size >= this.#limit) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(text, value);
  }

  /** Entries held, never more than twice the limit. */
  get size(): number {
    return this.#young.size + this.#old.size;
  }
}
