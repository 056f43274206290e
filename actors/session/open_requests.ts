/**
 * IQ requests that the session's client has received and has not answered. At the end of the session the server answers
 * them as if the resource were gone: RFC 6121 section 8.5.3.2.3, XEP-0198 section 5.
 * @module
 */
import { StanzaError } from "../../xmpp/errors.ts";
import type { Jid } from "../../xmpp/jid.ts";
import { Stanza } from "../../xmpp/stanza.ts";

/** Most requests that are kept, and UTF-16 units of their addresses and ids; beyond that the oldest are dropped. */
const MAX_OPEN = 256;
const MAX_UNITS = 65_536;

export class OpenRequests {
  readonly #open = new Map<string, Stanza>();
  #units = 0;

  add({ from, to, id, type }: Stanza): void {
    const key = keyOf(from!, id);
    this.#delete(key);
    // The error needs these alone.
    this.#open.set(key, Stanza.build("iq", { from, to, id, type }));
    this.#units += key.length;
    for (const oldest of this.#open.keys()) {
      if (this.#open.size <= MAX_OPEN && this.#units <= MAX_UNITS) break;
      this.#delete(oldest);
    }
  }

  /** The client has answered that one. */
  answered({ to, id }: Stanza): void {
    if (to !== undefined) this.#delete(keyOf(to, id));
  }

  /** The errors that answer the open requests at the end of the session. */
  take(): readonly Stanza[] {
    const errors = [...this.#open.values()].map(unanswered);
    this.#open.clear();
    this.#units = 0;
    return errors;
  }

  #delete(key: string): void {
    if (this.#open.delete(key)) this.#units -= key.length;
  }
}

/** Whether a sender waits for the answer; the server's own requests, such as roster pushes, need none. */
export function wantsAnswer({ name, type, from }: Stanza, session: Jid): boolean {
  if (name !== "iq" || (type !== "get" && type !== "set") || from === undefined) return false;
  return from.resource !== "" || !from.equals(session.bare);
}

export function unanswered(request: Stanza): Stanza {
  return request.error(new StanzaError("service-unavailable"));
}

function keyOf(asker: Jid, id = ""): string {
  return `${id} ${asker.text}`;
}
