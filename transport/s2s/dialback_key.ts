/**
 * Dialback keys that need no memory: XEP-0185. A key is bound to both domains and to one stream, so it is of no use elsewhere; every process that
 * shares the secret can tell whether it is genuine.
 * @module
 */
import { createHash, createHmac, timingSafeEqual } from "node:crypto";

export interface KeyScope {
  /** Who receives the stream. */
  readonly receiving: string;
  /** Who makes it, and has made the key. */
  readonly originating: string;
  readonly streamId: string;
}

export class DialbackKeys {
  readonly #secret: string;

  constructor(secret: Uint8Array) {
    this.#secret = createHash("sha256").update("dialback").update(secret).digest("hex");
  }

  make({ receiving, originating, streamId }: KeyScope): string {
    return createHmac("sha256", this.#secret).update(`${receiving} ${originating} ${streamId}`).digest("hex");
  }

  isGenuine(scope: KeyScope, key: string): boolean {
    const expected = Buffer.from(this.make(scope));
    const given = Buffer.from(key);
    return given.length === expected.length && timingSafeEqual(given, expected);
  }
}
