/**
 * A cache of one answer that is expensive to write, as text, until its source changes. It belongs to one active
 * account.
 * @module
 */
import { type Markup, raw } from "../xmpp/xml/xml.ts";
import type { AccountContext, MemoryKey } from "./module.ts";

interface Slot {
  /** The source of the text; the same value means the same text. */
  of: unknown;
  text: string;
}

export class KeptAnswer {
  readonly #key: MemoryKey<Slot>;

  constructor(name: string) {
    this.#key = { name, make: () => ({ of: undefined, text: "" }) };
  }

  /**
   * `of`: an immutable value, replaced when it changes. Writes the answer only when `of` is another value than before.
   */
  get(context: AccountContext, of: unknown, write: () => Markup): Markup {
    return raw(this.#kept(context, of, write).text);
  }

  /** The cached answer for that value, if any. */
  find(context: AccountContext, of: unknown): Markup | undefined {
    const slot = context.memory.get(this.#key);
    return slot.of === of ? raw(slot.text) : undefined;
  }

  /** How long the answer is, in UTF-16 units. */
  length(context: AccountContext, of: unknown, write: () => Markup): number {
    return this.#kept(context, of, write).text.length;
  }

  #kept(context: AccountContext, of: unknown, write: () => Markup): Slot {
    const slot = context.memory.get(this.#key);
    if (slot.of !== of) {
      slot.text = write().text;
      slot.of = of;
    }
    return slot;
  }
}
