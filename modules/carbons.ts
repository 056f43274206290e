/**
 * Message Carbons: switched on and off by a resource, which then gets copies of what others send and receive. Which messages
 * are copied is in carbons/carbon_copy.ts. XEP-0280 v1.0.1.
 * @module
 */
import { NS } from "../xmpp/ns.ts";
import { type CarbonDirection, carbonCopy, carbonEligible } from "./carbons/carbon_copy.ts";
import type { AccountMessage, MessageAccount, MessageResource } from "./message_phases.ts";
import { type AccountContext, type Effect, type IqRequest, type ServerModule, set } from "./module.ts";
import { requireOwner } from "./owner_only.ts";
import { identified } from "./stanza_id.ts";

/** The mark of a resource that gets copies. */
export const CARBONS = "carbons";

export const carbons: ServerModule = {
  name: "carbons",
  xeps: [
    { xep: 280, title: "Message Carbons", version: "1.0.1", status: "complete" },
    { xep: 297, title: "Stanza Forwarding", version: "1.0", status: "complete" },
  ],
  features: [NS.CARBONS, NS.CARBONS_RULES],
  accountFeatures: [NS.CARBONS, NS.CARBONS_RULES],
  accountIq: {
    [set(NS.CARBONS, "enable")]: (iq, context) => mark(iq, context, true),
    [set(NS.CARBONS, "disable")]: (iq, context) => mark(iq, context, false),
  },
  message: { sent: copySent, offered: copyReceived },
};

/** Section 10.3: again is no error. */
function mark(iq: IqRequest, context: AccountContext, on: boolean): undefined {
  requireOwner(iq, context, "not-allowed");
  context.mark(iq.from.resource, CARBONS, on);
}

/** Section 8: what one resource has sent, for the others. What the account sends to itself, it receives. */
function copySent(message: AccountMessage, account: MessageAccount): readonly Effect[] | undefined {
  if (!hasOthers(account) || message.stanza.to!.bare.equals(account.owner)) return undefined;
  return copies(message, "sent", takers(message, account));
}

/** Section 7: for those that did not get the message itself; it bears the same id there. */
function copyReceived(
  message: AccountMessage,
  resources: readonly string[],
  account: MessageAccount,
): readonly Effect[] | undefined {
  if (!hasOthers(account)) return undefined;
  const others = takers(message, account).filter(({ jid }) => !resources.includes(jid.resource));
  return copies(message, "received", others);
}

/** Most accounts have one resource, and most of the others no use for copies. */
function hasOthers({ resources }: MessageAccount): boolean {
  return resources.length > 1 && resources.some(({ marks }) => marks.has(CARBONS));
}

/** Never the resource that the message comes from. */
function takers({ stanza }: AccountMessage, { resources }: MessageAccount): readonly MessageResource[] {
  return resources.filter(({ jid, marks }) => marks.has(CARBONS) && !stanza.from!.equals(jid));
}

function copies(
  { stanza, stanzaId }: AccountMessage,
  direction: CarbonDirection,
  to: readonly MessageResource[],
): readonly Effect[] | undefined {
  if (to.length === 0 || !carbonEligible(stanza, direction)) return undefined;
  const original = stanzaId === undefined ? stanza : identified(stanza, stanzaId);
  return to.map(({ jid }) => ({
    kind: "resource",
    resource: jid.resource,
    stanza: carbonCopy(original, direction, jid),
    isCopy: true,
  }));
}
