/** RFC 6121 section 4.7.2.3: an integer from -128 to 127; 0 where there is none, or none that can be read. @module */
import { NS } from "../xmpp/ns.ts";
import type { Stanza } from "../xmpp/stanza.ts";

export function readPriority(stanza: Stanza): number {
  const text = stanza.payload("priority", NS.CLIENT)?.text.trim();
  if (text === undefined || !/^[+-]?\d{1,3}$/.test(text)) return 0;
  const priority = Number(text);
  return priority >= -128 && priority <= 127 ? priority : 0;
}
