/**
 * The owner's requests: create, configure, purge and delete nodes; affiliations and subscriptions. XEP-0060 section 8.
 * @module
 */
import { StanzaError } from "../../xmpp/errors.ts";
import { Jid } from "../../xmpp/jid.ts";
import { NS } from "../../xmpp/ns.ts";
import type { Element } from "../../xmpp/xml/element.ts";
import { type Markup, xml } from "../../xmpp/xml/xml.ts";
import { formMarkup, readForm } from "../forms/data_form.ts";
import type { AccountContext, IqRequest } from "../module.ts";
import { configurationEvent, deleteEvent, notifyAll } from "./event.ts";
import { accessError } from "./node_access.ts";
import { applyConfig, configFields, type NodeConfig, PEP_DEFAULTS } from "./node_config.ts";
import { type Affiliation, newNode, nodesOf, type PepNode, removeNode, saveNode } from "./pep_node.ts";
import { checkNewNode, purge } from "./publish.ts";
import { requireNode } from "./request.ts";

const CONFIG_FORM = "http://jabber.org/protocol/pubsub#node_config";
const AFFILIATIONS: ReadonlySet<string> = new Set(["publisher", "member", "outcast"] satisfies Affiliation[]);
const MAX_AFFILIATIONS = 1000;

/** Section 8.1; without a name the server gives one. */
export async function createNode(
  element: Element,
  iq: IqRequest,
  context: AccountContext,
): Promise<Markup | undefined> {
  const nodes = await nodesOf(context);
  const given = element.attr("node") || undefined;
  if (given !== undefined && nodes.has(given)) throw new StanzaError("conflict");
  const name = given ?? context.newId();
  checkNewNode(name, nodes);
  await saveNode(newNode(name, readConfig(iq.payload.child("configure", NS.PUBSUB), PEP_DEFAULTS)), context);
  if (given !== undefined) return undefined;
  return xml`<pubsub xmlns="${NS.PUBSUB}"><create node="${name}"/></pubsub>`;
}

/** Section 8.2.1. */
export async function configuration(element: Element, _iq: IqRequest, context: AccountContext): Promise<Markup> {
  const node = await requireNode(element, context);
  const form = configForm(node.config);
  return xml`<pubsub xmlns="${NS.PUBSUB_OWNER}"><configure node="${node.name}">${form}</configure></pubsub>`;
}

/** Section 8.3. */
export function defaultConfiguration(): Markup {
  return xml`<pubsub xmlns="${NS.PUBSUB_OWNER}"><default>${configForm(PEP_DEFAULTS)}</default></pubsub>`;
}

function configForm(config: NodeConfig): Markup {
  return formMarkup("form", CONFIG_FORM, configFields(config));
}

/** Section 8.2.4. */
export async function configure(element: Element, _iq: IqRequest, context: AccountContext): Promise<undefined> {
  const node = await requireNode(element, context);
  const changed: PepNode = { ...node, config: readConfig(element, node.config) };
  // XEP-0163 section 6.1: the new access model may exclude subscribers.
  const subscribers = changed.subscribers.filter((text) => !accessError(changed, Jid.parse(text), context));
  await saveNode({ ...changed, subscribers }, context);
  if (changed.config.notifyConfig) notifyAll(changed, configurationEvent(changed), context);
}

/** A cancelled or missing form changes nothing. */
function readConfig(parent: Element | undefined, base: NodeConfig): NodeConfig {
  const form = readForm(parent, CONFIG_FORM);
  if (form.kind === "malformed") throw new StanzaError("bad-request");
  if (form.kind !== "submit") return base;
  const config = applyConfig(form.values, base);
  if (config === undefined) throw new StanzaError("not-acceptable");
  return config;
}

/** Section 8.4. */
export async function deleteNode(element: Element, _iq: IqRequest, context: AccountContext): Promise<undefined> {
  const node = await requireNode(element, context);
  await removeNode(node.name, context);
  if (node.config.notifyDelete) notifyAll(node, deleteEvent(node), context);
}

/** Section 8.5. */
export async function purgeNode(element: Element, _iq: IqRequest, context: AccountContext): Promise<undefined> {
  await purge(await requireNode(element, context), context);
}

/** Section 8.8.1. */
export async function subscriptions(element: Element, _iq: IqRequest, context: AccountContext): Promise<Markup> {
  const { name, subscribers } = await requireNode(element, context);
  const found = subscribers.map((jid) => xml`<subscription jid="${jid}" subscription="subscribed"/>`);
  return xml`<pubsub xmlns="${NS.PUBSUB_OWNER}"><subscriptions node="${name}">${found}</subscriptions></pubsub>`;
}

/** Section 8.8.2: the owner may end subscriptions, but not begin them. */
export async function changeSubscriptions(
  element: Element,
  _iq: IqRequest,
  context: AccountContext,
): Promise<undefined> {
  const node = await requireNode(element, context);
  const ended = new Set<string>();
  for (const change of element.childrenNamed("subscription", NS.PUBSUB_OWNER)) {
    if (change.attr("subscription") !== "none") throw new StanzaError("not-acceptable");
    ended.add(requireJid(change).text);
  }
  await saveNode({ ...node, subscribers: node.subscribers.filter((text) => !ended.has(text)) }, context);
}

/** Section 8.9.1. */
export async function affiliations(element: Element, _iq: IqRequest, context: AccountContext): Promise<Markup> {
  const node = await requireNode(element, context);
  const all = [[context.owner.text, "owner"], ...Object.entries(node.affiliations)];
  const found = all.map(([jid, affiliation]) => xml`<affiliation jid="${jid}" affiliation="${affiliation}"/>`);
  return xml`<pubsub xmlns="${NS.PUBSUB_OWNER}"><affiliations node="${node.name}">${found}</affiliations></pubsub>`;
}

/** Section 8.9.2. The account stays the only owner. */
export async function changeAffiliations(
  element: Element,
  _iq: IqRequest,
  context: AccountContext,
): Promise<undefined> {
  const node = await requireNode(element, context);
  const changed: Record<string, Affiliation> = { ...node.affiliations };
  for (const change of element.childrenNamed("affiliation", NS.PUBSUB_OWNER)) {
    const jid = requireJid(change).bare;
    const affiliation = change.attr("affiliation") ?? "";
    if (jid.equals(context.owner)) throw new StanzaError("not-acceptable");
    if (affiliation === "none") delete changed[jid.text];
    else if (isAffiliation(affiliation)) changed[jid.text] = affiliation;
    else throw new StanzaError("not-acceptable");
  }
  if (Object.keys(changed).length > MAX_AFFILIATIONS) throw new StanzaError("policy-violation");
  await saveNode({ ...node, affiliations: changed }, context);
}

function isAffiliation(text: string): text is Affiliation {
  return AFFILIATIONS.has(text);
}

function requireJid(element: Element): Jid {
  const jid = Jid.tryParse(element.attr("jid") ?? "");
  if (jid === undefined) throw new StanzaError("bad-request");
  return jid;
}
