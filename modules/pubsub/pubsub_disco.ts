/**
 * The PEP nodes of an account in service discovery; each requester sees only the nodes that it may read. XEP-0060
 * sections 5.2 to 5.5. @module
 */
import { StanzaError } from "../../xmpp/errors.ts";
import type { Jid } from "../../xmpp/jid.ts";
import { NS } from "../../xmpp/ns.ts";
import { type Markup, xml } from "../../xmpp/xml/xml.ts";
import { discoInfo, discoItems } from "../disco/disco_info.ts";
import { formMarkup } from "../forms/data_form.ts";
import type { AccountContext } from "../module.ts";
import { accessError } from "./node_access.ts";
import { configFields, MAX_ITEMS } from "./node_config.ts";
import { nodesOf, type PepNode } from "./pep_node.ts";

const META_DATA = "http://jabber.org/protocol/pubsub#meta-data";
const META_FIELDS: ReadonlySet<string> = new Set([
  "pubsub#title",
  "pubsub#description",
  "pubsub#type",
  "pubsub#access_model",
]);

/** @throws StanzaError item-not-found */
export async function nodeInfo(name: string, asker: Jid, context: AccountContext): Promise<Markup> {
  const node = await readable(name, asker, context);
  const fields = configFields(node.config).filter((field) => META_FIELDS.has(field.name));
  const owner = { name: "pubsub#owner", type: "jid-multi", values: [context.owner.text] };
  const content = xml`
    <identity category="pubsub" type="leaf"/>
    <feature var="${NS.PUBSUB}"/>
    ${formMarkup("result", META_DATA, [owner, ...fields])}`;
  return discoInfo(content, name);
}

/** The nodes, or the items of one. */
export async function nodeItems(name: string | undefined, asker: Jid, context: AccountContext): Promise<Markup> {
  const jid = context.owner.text;
  if (name === undefined) {
    const nodes = [...(await nodesOf(context)).values()].filter((node) => !accessError(node, asker, context));
    return discoItems(
      nodes.map((node) => ({ jid, node: node.name, ...(node.config.title && { name: node.config.title }) })),
    );
  }
  const node = await readable(name, asker, context);
  const items = await context.store.pubsubItems(jid, node.name, MAX_ITEMS);
  return discoItems(
    items.map((item) => ({ jid, name: item.id })),
    name,
  );
}

async function readable(name: string, asker: Jid, context: AccountContext): Promise<PepNode> {
  const node = (await nodesOf(context)).get(name);
  if (node === undefined || accessError(node, asker, context)) throw new StanzaError("item-not-found");
  return node;
}
