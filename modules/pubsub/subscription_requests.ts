/**
 * Explicit subscriptions, and an entity's own subscriptions and affiliations. XEP-0060 sections 5.6, 5.7, 6.1 and 6.2.
 * @module
 */
import { StanzaError } from "../../xmpp/errors.ts";
import { Jid } from "../../xmpp/jid.ts";
import { NS } from "../../xmpp/ns.ts";
import type { Element } from "../../xmpp/xml/element.ts";
import { type Markup, xml } from "../../xmpp/xml/xml.ts";
import type { AccountContext, IqRequest } from "../module.ts";
import { carryOut, delayed, itemEvent, notification } from "./event.ts";
import { nodesOf, type PepNode, saveNode } from "./pep_node.ts";
import { pubsubError } from "./pubsub_error.ts";
import { requireNode, requireReadableNode } from "./request.ts";

/** Of one node. */
const MAX_SUBSCRIBERS = 1000;
/** Most of them from one account: no account may use up the room of all others. */
const MAX_RESOURCES = 20;

/** Section 6.1: a repeated request is no error and makes no second subscription. */
export async function subscribe(element: Element, iq: IqRequest, context: AccountContext): Promise<Markup> {
  const jid = requireOwnJid(element, iq);
  const node = await requireReadableNode(element, iq, context);
  if (!node.subscribers.includes(jid.text)) {
    const own = node.subscribers.filter((text) => Jid.parse(text).bare.equals(jid.bare));
    if (node.subscribers.length >= MAX_SUBSCRIBERS || own.length >= MAX_RESOURCES) {
      throw new StanzaError("policy-violation");
    }
    await saveNode({ ...node, subscribers: [...node.subscribers, jid.text] }, context);
  }
  if (node.config.sendLast !== "never") await sendLast(node, jid, context);
  return xml`<pubsub xmlns="${NS.PUBSUB}">${subscriptionMarkup(node.name, jid.text)}</pubsub>`;
}

/** Section 6.1.7. */
async function sendLast(node: PepNode, to: Jid, context: AccountContext): Promise<void> {
  const [item] = await context.store.pubsubItems(context.owner.text, node.name, 1);
  if (item === undefined) return;
  carryOut(notification(node, to, xml`${itemEvent(node, item)}${delayed(item)}`, context), context);
}

/** Section 6.2. */
export async function unsubscribe(element: Element, iq: IqRequest, context: AccountContext): Promise<undefined> {
  const jid = requireOwnJid(element, iq);
  const node = await requireNode(element, context);
  if (!node.subscribers.includes(jid.text)) throw pubsubError("unexpected-request", "not-subscribed");
  await saveNode({ ...node, subscribers: node.subscribers.filter((text) => text !== jid.text) }, context);
}

/** Section 5.6: the requester's subscriptions, at one node or at all. */
export async function ownSubscriptions(element: Element, iq: IqRequest, context: AccountContext): Promise<Markup> {
  const wanted = element.attr("node");
  const found: Markup[] = [];
  for (const node of await visibleNodes(context)) {
    if (wanted !== undefined && node.name !== wanted) continue;
    for (const text of node.subscribers) {
      if (Jid.parse(text).bare.equals(iq.from.bare)) found.push(subscriptionMarkup(node.name, text));
    }
  }
  return xml`<pubsub xmlns="${NS.PUBSUB}"><subscriptions>${found}</subscriptions></pubsub>`;
}

/** Section 5.7. */
export async function ownAffiliations(element: Element, iq: IqRequest, context: AccountContext): Promise<Markup> {
  const wanted = element.attr("node");
  const found: Markup[] = [];
  for (const { name, affiliations } of await visibleNodes(context)) {
    if (wanted !== undefined && name !== wanted) continue;
    const affiliation = iq.from.bare.equals(context.owner) ? "owner" : affiliations[iq.from.bare.text];
    if (affiliation !== undefined) found.push(xml`<affiliation node="${name}" affiliation="${affiliation}"/>`);
  }
  return xml`<pubsub xmlns="${NS.PUBSUB}"><affiliations>${found}</affiliations></pubsub>`;
}

/** XEP-0163 section 6.1: a contact that may no longer see the presence loses the subscriptions that depend on it. */
export async function cancelSubscriptions(contact: Jid, context: AccountContext): Promise<void> {
  for (const node of [...(await nodesOf(context)).values()]) {
    const { accessModel } = node.config;
    if (accessModel !== "presence" && accessModel !== "roster") continue;
    const subscribers = node.subscribers.filter((text) => !Jid.parse(text).bare.equals(contact));
    if (subscribers.length < node.subscribers.length) await saveNode({ ...node, subscribers }, context);
  }
}

async function visibleNodes(context: AccountContext): Promise<readonly PepNode[]> {
  return context.exists ? [...(await nodesOf(context)).values()] : [];
}

/** Section 6.1.3.1: for oneself alone. */
function requireOwnJid(element: Element, iq: IqRequest): Jid {
  const jid = Jid.tryParse(element.attr("jid") ?? "");
  if (jid === undefined || !jid.bare.equals(iq.from.bare)) throw pubsubError("bad-request", "invalid-jid");
  return jid;
}

export function subscriptionMarkup(node: string, jid: string): Markup {
  return xml`<subscription node="${node}" jid="${jid}" subscription="subscribed"/>`;
}
