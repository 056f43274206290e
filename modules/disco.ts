/**
 * Service Discovery of the domain and of accounts, with the extensions that the modules give. XEP-0030 v2.5.0, XEP-0128
 * v1.0.1. A requester who may not see an account does not learn whether it exists (section 8).
 * @module
 */
import { StanzaError } from "../xmpp/errors.ts";
import { NS } from "../xmpp/ns.ts";
import type { Markup } from "../xmpp/xml/xml.ts";
import { discoInfo, discoItems } from "./disco/disco_info.ts";
import { type AccountContext, get, type IqRequest, type ServerContext, type ServerModule } from "./module.ts";
import { nodeInfo, nodeItems } from "./pubsub/pubsub_disco.ts";
import { infoMarkup } from "./service_description.ts";

export const disco: ServerModule = {
  name: "disco",
  xeps: [
    { xep: 30, title: "Service Discovery", version: "2.5.0", status: "complete" },
    { xep: 128, title: "Service Discovery Extensions", version: "1.0.1", status: "complete" },
  ],
  features: [NS.DISCO_INFO, NS.DISCO_ITEMS],
  accountFeatures: [NS.DISCO_INFO, NS.DISCO_ITEMS],
  serverIq: {
    [get(NS.DISCO_INFO, "query")]: serverInfo,
    [get(NS.DISCO_ITEMS, "query")]: serverItems,
  },
  accountIq: {
    [get(NS.DISCO_INFO, "query")]: accountInfo,
    [get(NS.DISCO_ITEMS, "query")]: accountItems,
  },
};

function serverInfo(iq: IqRequest, { description }: ServerContext): Markup {
  const node = nodeOf(iq);
  // XEP-0115 section 6.2: a client that saw our hash asks for node#ver.
  if (node === undefined || node === `${description.caps.node}#${description.caps.ver}`) {
    return discoInfo(description.domainInfo, node);
  }
  const entity = description.nodes.get(node);
  if (entity === undefined) throw new StanzaError("item-not-found");
  return discoInfo(infoMarkup(entity), node);
}

function serverItems(iq: IqRequest, context: ServerContext): Markup {
  const { description } = context;
  const node = nodeOf(iq);
  if (node === undefined) return discoItems([...description.items, ...context.items().map((jid) => ({ jid }))]);
  if (!description.nodes.has(node)) throw new StanzaError("item-not-found");
  const items = description.nodeItems.get(node) ?? [];
  return discoItems(
    items.map((item) => ({ jid: iq.to.domain, ...item })),
    node,
  );
}

function accountInfo(iq: IqRequest, context: AccountContext): Markup | Promise<Markup> {
  const node = nodeOf(iq);
  if (!maySee(iq, context)) throw new StanzaError("service-unavailable");
  return node === undefined ? discoInfo(infoMarkup(context.description.account)) : nodeInfo(node, iq.from, context);
}

function accountItems(iq: IqRequest, context: AccountContext): Markup | Promise<Markup> {
  const node = nodeOf(iq);
  if (!maySee(iq, context)) return discoItems([], node);
  return nodeItems(node, iq.from, context);
}

function maySee(iq: IqRequest, context: AccountContext): boolean {
  return context.exists && context.sharesPresenceWith(iq.from);
}

function nodeOf(iq: IqRequest): string | undefined {
  return iq.payload.attr("node") || undefined;
}
