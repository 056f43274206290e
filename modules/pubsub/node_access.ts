import { StanzaError } from "../../xmpp/errors.ts";
import type { Jid } from "../../xmpp/jid.ts";
import type { AccountContext } from "../module.ts";
import type { PepNode } from "./pep_node.ts";
import { pubsubError } from "./pubsub_error.ts";

/** Why that JID may not read the node or subscribe to it: XEP-0060 section 4.5. Undefined: it may. */
export function accessError(node: PepNode, asker: Jid, context: AccountContext): StanzaError | undefined {
  if (asker.bare.equals(context.owner)) return undefined;
  const affiliation = node.affiliations[asker.bare.text];
  if (affiliation === "outcast") return new StanzaError("forbidden");
  if (affiliation !== undefined) return undefined;
  switch (node.config.accessModel) {
    case "open":
      return undefined;
    case "presence":
      if (context.sharesPresenceWith(asker)) return undefined;
      return pubsubError("not-authorized", "presence-subscription-required");
    case "roster":
      if (isInGroup(node, asker, context)) return undefined;
      return pubsubError("not-authorized", "not-in-roster-group");
    case "whitelist":
      return pubsubError("not-allowed", "closed-node");
  }
}

export function mayPublish(node: PepNode | undefined, asker: Jid, context: AccountContext): boolean {
  if (!context.exists) return false;
  return asker.bare.equals(context.owner) || node?.affiliations[asker.bare.text] === "publisher";
}

function isInGroup(node: PepNode, asker: Jid, context: AccountContext): boolean {
  const groups = context.roster.get(asker.bare.text)?.groups ?? [];
  return context.sharesPresenceWith(asker) && groups.some((group) => node.config.rosterGroups.includes(group));
}
