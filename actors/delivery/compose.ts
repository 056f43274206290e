/** The forms of a message: as the log keeps it, and as a device gets it. @module */
import { ampElement } from "../../amp/reply.ts";
import type { RuleState } from "../../amp/rule_state.ts";
import { seqTime } from "../../store/sequence.ts";
import { formatDateTime } from "../../xmpp/date_time.ts";
import { Jid } from "../../xmpp/jid.ts";
import { NS } from "../../xmpp/ns.ts";
import type { Stanza } from "../../xmpp/stanza.ts";
import { Element } from "../../xmpp/xml/element.ts";
import { type Markup, xml } from "../../xmpp/xml/xml.ts";

const ID_OPENING = `<stanza-id xmlns="${NS.SID}" id="`;

/** Without `<amp/>`: its rules are kept apart, and archived text carries none. */
export function withoutRules(stanza: Stanza): Stanza {
  return stanza.withoutPayloads("amp", NS.AMP);
}

/**
 * XEP-0359 section 5: ids that only the servers of sender and recipient assign are not the sender's to set. Those of other
 * entities, such as a room, are passed on.
 */
export function withoutStanzaIds(stanza: Stanza): Stanza {
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

let lastBy: Jid | undefined;
let afterId = "";

/** Every message has one: its id needs no escaping, and what follows it is written once for those of a batch. */
function stanzaIdElement(by: Jid, id: string): string {
  if (by !== lastBy) {
    lastBy = by;
    afterId = `" by="${by.escaped}"/>`;
  }
  return `${ID_OPENING}${id}${afterId}`;
}

/** What goes to the recipient's device: with the rules and their original addresses (XEP-0079 section 4). */
export function forDevice(stanza: Stanza, rules: RuleState | undefined): Stanza {
  return rules === undefined ? stanza : stanza.with(ruleElement(rules));
}

/** With a stanza id besides: by it devices recognise the message, and find it in the archive of whom it is `by` (XEP-0359). */
export function identified(stanza: Stanza, rules: RuleState | undefined, by: Jid, id: string): Stanza {
  const element = stanzaIdElement(by, id);
  return rules === undefined ? stanza.with(element) : stanza.with(ruleElement(rules), element);
}

function ruleElement(rules: RuleState): Markup {
  return ampElement(rules.rules, rules.perHop, rules.sender, rules.recipient);
}

/** XEP-0203 for a message that has waited in storage (XEP-0160). */
export function withDelay(stanza: Stanza, domain: string, seq: number): Stanza {
  const stamp = formatDateTime(seqTime(seq));
  return stanza.with(xml`<delay xmlns="${NS.DELAY}" from="${domain}" stamp="${stamp}">Offline storage</delay>`);
}
