/** How much of what waits for one account is from whom. @module */
import { Buffer } from "node:buffer";
import type { SenderShare } from "../store.ts";

/**
 * The bare JID in the `from` of a stored message. The server has written the start tag: values stand in double quotes and
 * hold none, and no bare JID has a character that is escaped (RFC 7622 section 3.3.1).
 */
const FROM = /^<[^>]*? from="([^"/]*)/;

interface Counted {
  messages: number;
  bytes: number;
}

export class SenderShares {
  readonly #without: ReadonlySet<number>;
  readonly #shares = new Map<string, Counted>();

  /** Messages of the numbers in `without` do not count. */
  constructor(without: readonly number[]) {
    this.#without = new Set(without);
  }

  add(seq: number, text: string): void {
    if (this.#without.has(seq)) return;
    const sender = FROM.exec(text)?.[1] ?? "";
    const share = this.#shares.get(sender) ?? { messages: 0, bytes: 0 };
    share.messages++;
    share.bytes += Buffer.byteLength(text);
    this.#shares.set(sender, share);
  }

  get list(): readonly SenderShare[] {
    return [...this.#shares].map(([sender, share]) => ({ sender, ...share }));
  }
}
