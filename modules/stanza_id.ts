/**
 * Unique and Stable Stanza IDs: devices get messages with their ids, and nobody else sets these. XEP-0359 v0.7.0; the ids are
 * those of the archive (store/stanza_id.ts).
 * @module
 */
import { Jid } from "../xmpp/jid.ts";
import { NS } from "../xmpp/ns.ts";
import type { Stanza } from "../xmpp/stanza.ts";
import { Element } from "../xmpp/xml/element.ts";
import type { StanzaId } from "./message_phases.ts";
import type { ServerModule } from "./module.ts";

export const stanzaId: ServerModule = {
  name: "stanza_id",
  xeps: [{ xep: 359, title: "Unique and Stable Stanza IDs", version: "0.7.0", status: "complete" }],
  features: [NS.SID],
  accountFeatures: [NS.SID],
  message: {
    outgoing: withoutStanzaIds,
    incoming: withoutStanzaIds,
    shown: ({ stanza, stanzaId }) => stanzaId && identified(stanza, stanzaId),
  },
};

const OPENING = `<stanza-id xmlns="${NS.SID}" id="`;

let lastBy: Jid | undefined;
let afterId = "";

/** By the id devices recognise the message, and find it in the archive of whom it is `by`. */
export function identified(stanza: Stanza, { by, id }: StanzaId): Stanza {
  // Every message has one: its id needs no escaping, and what follows it is written once for those of a batch.
  if (by !== lastBy) {
    lastBy = by;
    afterId = `" by="${by.escaped}"/>`;
  }
  return stanza.with(`${OPENING}${id}${afterId}`);
}

/**
 * XEP-0359 section 5: ids that only the servers of sender and recipient assign are not the sender's to set. Those of other
 * entities, such as a room, are passed on.
 */
function withoutStanzaIds(stanza: Stanza): Stanza {
  return stanza.has("stanza-id", NS.SID) ? withoutOwnIds(stanza) : stanza;
}

function withoutOwnIds(stanza: Stanza): Stanza {
  const own = [stanza.from, stanza.to].flatMap((jid) => (jid === undefined ? [] : [jid.bare.text, jid.domain]));
  return stanza.without((child, text) => {
    if (child.name !== "stanza-id" || child.ns !== NS.SID) return false;
    const by = Jid.tryParse(Element.parse(text).attr("by") ?? "");
    return by === undefined || own.includes(by.bare.text);
  });
}
