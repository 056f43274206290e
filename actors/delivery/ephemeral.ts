/** Messages of which nobody waits to hear: a chat state, a receipt or a marker on its own. @module */
import { NS } from "../../xmpp/ns.ts";
import type { Stanza } from "../../xmpp/stanza.ts";

const PASSING: ReadonlySet<string> = new Set([NS.CHATSTATES, NS.RECEIPTS, NS.MARKERS]);
/** What may go with them and is no content either. */
const BESIDE: ReadonlySet<string> = new Set([NS.HINTS, NS.SID]);

/** XEP-0085 section 5.5: an error in answer to such a message would only tell that a client was typing to nobody. */
export function isEphemeral(stanza: Stanza): boolean {
  let passing = false;
  for (const { name, ns } of stanza.children) {
    if (PASSING.has(ns)) passing = true;
    else if (!BESIDE.has(ns) && !(ns === NS.CLIENT && name === "thread")) return false;
  }
  return passing;
}
