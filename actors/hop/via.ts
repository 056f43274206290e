/** Which account has forwarded a message to a hop: an error comes from there, as the sender knows no other. @module */
import { Jid } from "../../xmpp/jid.ts";
import type { Stanza } from "../../xmpp/stanza.ts";
import { xml } from "../../xmpp/xml/xml.ts";

/** Of the server's own rows; it never leaves the server. */
const NS_VIA = "urn:ampact:via";

export function withVia(stanza: Stanza, via: readonly Jid[]): Stanza {
  const clean = withoutVia(stanza);
  return via[0] === undefined ? clean : clean.with(xml`<via xmlns="${NS_VIA}" jid="${via[0].text}"/>`);
}

export function viaOf(stanza: Stanza): Jid | undefined {
  const jid = stanza.payload("via", NS_VIA)?.attr("jid");
  return jid === undefined ? undefined : Jid.tryParse(jid);
}

/** The same object where there is none. */
export function withoutVia(stanza: Stanza): Stanza {
  if (!stanza.has("via", NS_VIA)) return stanza;
  return stanza.without((child) => child.name === "via" && child.ns === NS_VIA);
}
