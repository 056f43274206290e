import { StanzaError } from "../xmpp/errors.ts";
import { NS } from "../xmpp/ns.ts";
import type { Stanza } from "../xmpp/stanza.ts";
import { xml } from "../xmpp/xml/xml.ts";

/** XEP-0191 section 3.3: answers a stanza for an entity that the sender has blocked. */
export function blockedError(stanza: Stanza): Stanza {
  const application = xml`<blocked xmlns="${NS.BLOCKING_ERRORS}"/>`;
  return stanza.error(new StanzaError("not-acceptable", { type: "cancel", application }));
}
