/**
 * XEP-0352: what an inactive client need not see at once. Available presence is held, the latest for each sender; chat
 * states without a body are held back too, the latest for each sender. All else goes out, and what is held before it, in order.
 * @module
 */
import { NS } from "../../xmpp/ns.ts";
import type { Stanza } from "../../xmpp/stanza.ts";

/** What is held at most: stanzas, and UTF-16 units of them. */
const MAX_STANZAS = 200;
const MAX_UNITS = 500_000;

export class ClientState {
  #held = new Map<string, Stanza>();
  #units = 0;

  /** Takes the stanza where it can wait. */
  holds(stanza: Stanza): boolean {
    const key = holdKey(stanza);
    if (key === undefined) return false;
    this.#units += stanza.size - (this.#held.get(key)?.size ?? 0);
    this.#held.delete(key);
    this.#held.set(key, stanza);
    return true;
  }

  get hasHeld(): boolean {
    return this.#held.size > 0;
  }

  get full(): boolean {
    return this.#held.size >= MAX_STANZAS || this.#units >= MAX_UNITS;
  }

  take(): readonly Stanza[] {
    const stanzas = [...this.#held.values()];
    this.#held.clear();
    this.#units = 0;
    return stanzas;
  }
}

function holdKey(stanza: Stanza): string | undefined {
  if (stanza.name === "presence") {
    if (stanza.type !== undefined && stanza.type !== "unavailable") return undefined;
    return stanza.has("x", NS.MUC_USER) ? undefined : `p ${stanza.from?.text}`;
  }
  if (stanza.name !== "message" || stanza.type === "error" || stanza.children.length === 0) return undefined;
  return stanza.children.every((child) => child.ns === NS.CHATSTATES || child.name === "thread")
    ? `m ${stanza.from?.text}`
    : undefined;
}
