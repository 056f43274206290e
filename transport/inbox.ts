/** Most input of a peer that may wait while its stream is held; more is refused. */
const MAX_ITEMS = 2000;
const MAX_CHARS = 4 * 1_048_576;

interface Item {
  readonly size: number;
  readonly handle: () => void;
}

/** Waiting input of one stream, in order. */
export class Inbox {
  /** Undefined while empty, as in every idle stream. */
  #items: Item[] | undefined;
  #chars = 0;

  get isEmpty(): boolean {
    return this.#items === undefined;
  }

  /** Returns false and keeps nothing when full. One item always has room. `maxChars`: a lower bound. */
  push(size: number, handle: () => void, maxChars: number = MAX_CHARS): boolean {
    if (this.#items === undefined) this.#items = [];
    else if (this.#items.length >= MAX_ITEMS || this.#chars + size > maxChars) return false;
    this.#items.push({ size, handle });
    this.#chars += size;
    return true;
  }

  shift(): (() => void) | undefined {
    const item = this.#items?.shift();
    if (item === undefined) return undefined;
    if (this.#items?.length === 0) this.#items = undefined;
    this.#chars -= item.size;
    return item.handle;
  }

  clear(): void {
    this.#items = undefined;
    this.#chars = 0;
  }
}
