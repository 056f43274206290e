/** What another server tells of a message: XEP-0079 2.2.5. @module */
import { Jid } from "../../xmpp/jid.ts";
import { NS } from "../../xmpp/ns.ts";
import type { Stanza } from "../../xmpp/stanza.ts";

/**
 * `report`: of a message that its addressee has sent to somebody of the domain that reports. `forged`: any other status. Undefined: no report; what a
 * user of another server claims is judged like what a user of this one claims.
 */
export function reportKind(stanza: Stanza): "report" | "forged" | undefined {
  if (stanza.name !== "message" || stanza.from?.local !== "" || !stanza.has("amp", NS.AMP)) return undefined;
  const amp = stanza.payload("amp", NS.AMP);
  if (amp === undefined || amp.attr("status") === undefined) return undefined;
  const [sender, recipient] = [Jid.tryParse(amp.attr("from") ?? ""), Jid.tryParse(amp.attr("to") ?? "")];
  const isOurs = sender?.bare.equals(stanza.to!.bare) === true;
  const isTheirs = recipient?.domain === stanza.from.domain && stanza.from.resource === "";
  return isOurs && isTheirs ? "report" : "forged";
}
