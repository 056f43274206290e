/**
 * XEP-0352: holds stanzas that an inactive client does not need at once. It holds available presence and chat states
 * without a body, the latest of each sender. Any other stanza is sent, after the held ones, in order.
 * @module
 */
import { NS } from "../../xmpp/ns.ts";
import type { Stanza } from "../../xmpp/stanza.ts";

/** Most held stanzas, and UTF-16 units of them. */
const MAX_STANZAS = 200;
const MAX_UNITS = 500_000;

export class ClientState {
  #held = new Map<string, Stanza>();
  #units = 0;

  /** Takes the stanza if it can wait. */
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
