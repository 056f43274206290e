/**
 * Delayed Delivery: a message that has waited in storage says since when. A client does not say in the server's name when
 * something was sent, nor in the recipient's, in which servers say it as well. XEP-0203 v2.0 sections 4 and 5, XEP-0091.
 * @module
 */
import { formatDateTime } from "../xmpp/date_time.ts";
import { Jid } from "../xmpp/jid.ts";
import { NS } from "../xmpp/ns.ts";
import type { Stanza } from "../xmpp/stanza.ts";
import { Element } from "../xmpp/xml/element.ts";
import type { ScannedChild } from "../xmpp/xml/scanned_element.ts";
import { xml } from "../xmpp/xml/xml.ts";
import type { AccountMessage, MessageAccount } from "./message_phases.ts";
import type { ServerModule } from "./module.ts";

export const delay: ServerModule = {
  name: "delay",
  xeps: [{ xep: 203, title: "Delayed Delivery", version: "2.0", status: "complete" }],
  hooks: { sentPresence: (stanza, { settings }) => withoutServerDelay(stanza, settings.domains) },
  message: {
    outgoing: (stanza, { settings }) => withoutServerDelay(stanza, settings.domains),
    shown: withDelay,
  },
};

/** XEP-0160 section 3. */
function withDelay({ stanza, storedAt }: AccountMessage, { owner }: MessageAccount): Stanza | undefined {
  if (storedAt === undefined) return undefined;
  const stamp = formatDateTime(storedAt);
  return stanza.with(xml`<delay xmlns="${NS.DELAY}" from="${owner.domain}" stamp="${stamp}">Offline storage</delay>`);
}

/** Without delays from a domain that is served here, or from the recipient there; the same object when there is none. */
function withoutServerDelay(stanza: Stanza, domains: readonly string[]): Stanza {
  // Most stanzas have none: they cost no more than this look.
  if (!stanza.has("delay", NS.DELAY) && !stanza.has("x", NS.DELAY_LEGACY)) return stanza;
  return stanza.without((child, text) => {
    const from = isDelay(child) ? Element.parse(text, NS.CLIENT).attr("from") : undefined;
    const jid = from === undefined ? undefined : Jid.tryParse(from);
    return jid !== undefined && domains.includes(jid.domain) && (jid.local === "" || isRecipient(jid, stanza));
  });
}

/** Presence without `to` is for contacts, of whom each may be named. */
function isRecipient(jid: Jid, { from, to }: Stanza): boolean {
  return to === undefined ? !jid.bare.equals(from!.bare) : jid.bare.equals(to.bare);
}

function isDelay({ name, ns }: ScannedChild): boolean {
  return (name === "delay" && ns === NS.DELAY) || (name === "x" && ns === NS.DELAY_LEGACY);
}
