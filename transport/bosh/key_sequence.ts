/** Protection of sessions without TLS by a sequence of keys: XEP-0124 section 15. @module */
import { createHash } from "node:crypto";

export class KeySequence {
  #expected: string | undefined;

  /** `newKey`: of the session creation request; undefined: the client uses none. */
  constructor(newKey: string | undefined) {
    this.#expected = newKey?.toLowerCase();
  }

  /** Whether the next request proves that it comes from the same client. */
  accepts(key: string | undefined, newKey: string | undefined): boolean {
    if (this.#expected === undefined) {
      this.#expected = newKey?.toLowerCase();
      return true;
    }
    if (key === undefined) return false;
    const hash = createHash("sha1").update(key).digest("hex");
    if (hash !== this.#expected) return false;
    this.#expected = (newKey ?? key).toLowerCase();
    return true;
  }
}
