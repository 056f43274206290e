/**
 * A bounded cache of a pure function of text: two generations of at most `limit` entries each. What was not asked for
 * during a whole generation is forgotten, so that a stream of texts that never repeat cannot make it grow.
 * Texts longer than `maxLength` are computed every time. @module
 */
export class TextMemo<Value> {
  readonly #compute: (text: string) => Value;
  readonly #limit: number;
  readonly #maxLength: number;
  #young = new Map<string, Value>();
  #old = new Map<string, Value>();

  constructor(compute: (text: string) => Value, limit: number, maxLength: number) {
    this.#compute = compute;
    this.#limit = limit;
    this.#maxLength = maxLength;
  }

  get(text: string): Value {
    const known = this.#young.get(text);
    if (known !== undefined) return known;
    if (text.length > this.#maxLength) return this.#compute(text);
    const key = detached(text);
    const value = this.#old.get(text) ?? this.#compute(key);
    if (this.#young.size >= this.#limit) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(key, value);
    return value;
  }

  /** Entries held, never more than twice the limit. */
  get size(): number {
    return this.#young.size + this.#old.size;
  }
}

/** A copy of its own: engines keep the whole source of a slice alive, and the source here is a stanza. */
function detached(text: string): string {
  return JSON.parse(JSON.stringify(text)) as string;
}
