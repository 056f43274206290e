/**
 * Removes delays that a client states in the name of a server or of the recipient: only servers set these. XEP-0203
 * section 5, XEP-0091.
 * @module
 */
import { Jid } from "../../xmpp/jid.ts";
import { NS } from "../../xmpp/ns.ts";
import type { Stanza } from "../../xmpp/stanza.ts";
import { Element } from "../../xmpp/xml/element.ts";
import type { ScannedChild } from "../../xmpp/xml/scanned_element.ts";
import type { Node } from "../node.ts";

/** Without delays from a served domain or from the recipient; the same object when there are none. */
export function withoutServerDelay(stanza: Stanza, node: Pick<Node, "isLocal">): Stanza {
  // Most stanzas have none and cost only this check.
  if (!stanza.children.some(isDelay)) return stanza;
  return stanza.without((child, text) => {
    const from = isDelay(child) ? Element.parse(text, NS.CLIENT).attr("from") : undefined;
    const jid = from === undefined ? undefined : Jid.tryParse(from);
    return jid !== undefined && node.isLocal(jid.domain) && (jid.local === "" || isRecipient(jid, stanza));
  });
}

/** Presence without `to` is for all contacts; a message without `to` is for the sender itself. */
function isRecipient(jid: Jid, { name, from, to }: Stanza): boolean {
  if (to !== undefined) return jid.bare.equals(to.bare);
  return jid.bare.equals(from!.bare) === (name === "message");
}

function isDelay({ name, ns }: ScannedChild): boolean {
  return (name === "delay" && ns === NS.DELAY) || (name === "x" && ns === NS.DELAY_LEGACY);
}
