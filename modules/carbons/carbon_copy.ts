/** Which messages are copied to an account's other resources, and the copy. XEP-0280 sections 6 to 8, XEP-0297. @module */
import type { Jid } from "../../xmpp/jid.ts";
import { NS } from "../../xmpp/ns.ts";
import { Stanza } from "../../xmpp/stanza.ts";
import { raw, xml } from "../../xmpp/xml/xml.ts";
import { isAmpEvent } from "../archive_policy.ts";

/** Whether the account has sent or received the message. */
export type CarbonDirection = "sent" | "received";

const MUC_INVITATION = "jabber:x:conference";

/** XEP-0280 section 6.1, which `urn:xmpp:carbons:rules:0` makes binding. */
export function carbonEligible(stanza: Stanza, direction: CarbonDirection): boolean {
  if (stanza.name !== "message" || stanza.type === "groupchat" || stanza.type === "headline") return false;
  let hasBody = false;
  let hasImPayload = false;
  let fromRoom = false;
  for (const { name, ns } of stanza.children) {
    if (ns === NS.CARBONS) return false;
    // XEP-0334 section 4.1: hints inside an error are those of the message that it answers.
    if (ns === NS.HINTS && name === "no-copy" && stanza.type !== "error") return false;
    if (ns === NS.CLIENT && name === "body") hasBody = true;
    else if (isImPayload(ns)) hasImPayload = true;
    else if (ns === NS.MUC_USER && name === "x") fromRoom = !isMediatedInvitation(stanza);
  }
  if (isAmpEvent(stanza)) return false;
  // The room itself copies a participant's private message to all joined resources.
  if (fromRoom && direction === "received") return false;
  // The message that an error answers is not known any more; it was most likely a chat message.
  if (stanza.type === "chat" || stanza.type === "error") return true;
  return hasBody || hasImPayload || stanza.has("x", NS.MUC_USER);
}

function isImPayload(ns: string): boolean {
  return ns === NS.RECEIPTS || ns === NS.CHATSTATES || ns === NS.MARKERS || ns === MUC_INVITATION;
}

/** XEP-0045 section 7.8.2. */
function isMediatedInvitation(stanza: Stanza): boolean {
  return stanza.payload("x", NS.MUC_USER)?.child("invite", NS.MUC_USER) !== undefined;
}

/** The copy for one resource of the account, without the rules of XEP-0079: those have been applied to the original. */
export function carbonCopy(stanza: Stanza, direction: CarbonDirection, resource: Jid): Stanza {
  const original = stanza.without((child) => child.name === "amp" && child.ns === NS.AMP);
  const forwarded = xml`<forwarded xmlns="${NS.FORWARD}">${raw(original.toString())}</forwarded>`;
  const content =
    direction === "sent"
      ? xml`<sent xmlns="${NS.CARBONS}">${forwarded}</sent>`
      : xml`<received xmlns="${NS.CARBONS}">${forwarded}</received>`;
  return Stanza.build("message", { from: resource.bare, to: resource, type: stanza.type }, content);
}
