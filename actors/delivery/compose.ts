/** The forms of a message, as to its rules: as the log keeps it, and as a device gets it. @module */
import { ampElement } from "../../amp/reply.ts";
import type { RuleState } from "../../amp/rule_state.ts";
import { NS } from "../../xmpp/ns.ts";
import type { Stanza } from "../../xmpp/stanza.ts";

/** Without `<amp/>`: its rules are kept apart, and archived text carries none. */
export function withoutRules(stanza: Stanza): Stanza {
  return stanza.withoutPayloads("amp", NS.AMP);
}

/** What goes to the recipient's device: with the rules and their original addresses (XEP-0079 section 4). */
export function forDevice(stanza: Stanza, state: RuleState | undefined): Stanza {
  if (state === undefined) return stanza;
  return stanza.with(ampElement(state.rules, state.perHop, state.sender, state.recipient));
}
