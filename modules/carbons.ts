/** Message Carbons: switched on and off here; which messages are copied is in carbons/carbon_copy.ts. XEP-0280 v1.0.1. @module */
import { NS } from "../xmpp/ns.ts";
import { type AccountContext, type IqRequest, type ServerModule, set } from "./module.ts";
import { requireOwner } from "./owner_only.ts";

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
};

/** Section 10.3: again is no error. */
function mark(iq: IqRequest, context: AccountContext, on: boolean): undefined {
  requireOwner(iq, context, "not-allowed");
  context.mark(iq.from.resource, CARBONS, on);
}
