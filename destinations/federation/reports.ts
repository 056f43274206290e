/** What another server tells of a message: XEP-0079 2.2.5. @module */
import { Jid } from "../../xmpp/jid.ts";
import { NS } from "../../xmpp/ns.ts";
import type { Stanza } from "../../xmpp/stanza.ts";

/**
 * `report`: of a message that its addressee has sent. `forged`: a status that is not for its addressee. Undefined: no report; what a
 * user of another server claims is judged like what a user of this one claims.
 */
export function reportKind(stanza: Stanza): "report" | "forged" | undefined {
  if (stanza.name !== "message" || stanza.from?.local !== "" || !stanza.has("amp", NS.AMP)) return undefined;
  const amp = stanza.payload("amp", NS.AMP);
  if (amp === undefined || amp.attr("status") === undefined) return undefined;
  const sender = amp.attr("from");
  const isOurs = sender !== undefined && Jid.tryParse(sender)?.bare.equals(stanza.to!.bare) === true;
  return isOurs ? "report" : "forged";
}
