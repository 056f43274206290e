import { Stanza } from "../../../xmpp/stanza.ts";

/** A small message stanza, `n` in its body. */
export function message(n: number | string): Stanza {
  return Stanza.parse(`<message xmlns="jabber:client"><body>${n}</body></message>`);
}
