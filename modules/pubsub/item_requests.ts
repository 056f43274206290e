/** Items: retrieved, published, retracted. XEP-0060 sections 6.5, 7.1 and 7.2. @module */
import type { PubsubItemRecord } from "../../store/store.ts";
import { StanzaError } from "../../xmpp/errors.ts";
import { NS } from "../../xmpp/ns.ts";
import type { Element } from "../../xmpp/xml/element.ts";
import { type Markup, raw, xml } from "../../xmpp/xml/xml.ts";
import { type FormValues, readForm } from "../forms/data_form.ts";
import type { AccountContext, IqRequest } from "../module.ts";
import { withinLength } from "../within_length.ts";
import { mayPublish } from "./node_access.ts";
import { MAX_ITEMS } from "./node_config.ts";
import { nodesOf, type PepNode } from "./pep_node.ts";
import { publish, retract } from "./publish.ts";
import { pubsubError } from "./pubsub_error.ts";
import { requireNode, requireNodeId, requireReadableNode } from "./request.ts";

/** Most items that one request may name. Anybody may ask, and each item is one read of the store. */
const MAX_IDS = 100;

/** Section 6.5. */
export async function retrieveItems(items: Element, iq: IqRequest, context: AccountContext): Promise<Markup> {
  const node = await requireReadableNode(items, iq, context);
  const owner = context.owner.text;
  const ids = new Set(items.childrenNamed("item", NS.PUBSUB).map((item) => item.attr("id")));
  if (ids.size === 0) {
    return recent(node, await context.store.pubsubItems(owner, node.name, limitOf(items)));
  }
  if (ids.size > MAX_IDS) throw new StanzaError("not-acceptable");
  const found: PubsubItemRecord[] = [];
  for (const id of ids) {
    if (id === undefined) throw new StanzaError("bad-request");
    const item = await context.store.pubsubItem(owner, node.name, id);
    if (item !== undefined) found.push(item);
  }
  if (found.length === 0) throw new StanzaError("item-not-found");
  return recent(node, found);
}

/** Section 6.5.4: the most recent items, which are the last, as far as their length allows. */
function recent({ name }: PepNode, items: readonly PubsubItemRecord[]): Markup {
  return itemsAnswer(name, withinLength(items, "last"));
}

function limitOf(items: Element): number {
  const max = items.attr("max_items");
  if (max === undefined) return MAX_ITEMS;
  if (!/^[1-9]\d{0,9}$/.test(max)) throw new StanzaError("bad-request");
  return Math.min(Number(max), MAX_ITEMS);
}

export function itemsAnswer(node: string, items: readonly Pick<PubsubItemRecord, "id" | "text">[]): Markup {
  const children = items.map((item) => xml`<item id="${item.id}">${raw(item.text)}</item>`);
  return xml`<pubsub xmlns="${NS.PUBSUB}"><items node="${node}">${children}</items></pubsub>`;
}

export interface PublishRequest {
  readonly node: string;
  /** Undefined: the server gives one. */
  readonly id: string | undefined;
  readonly payload: Element;
  readonly options: FormValues;
  readonly maxPayload?: number | undefined;
}

/** Section 7.1.1. @throws StanzaError of section 7.1.3 */
export function readPublish(element: Element, iq: IqRequest): PublishRequest {
  const node = requireNodeId(element);
  const [item, ...others] = element.childrenNamed("item", NS.PUBSUB);
  if (item === undefined) throw pubsubError("bad-request", "item-required");
  if (others.length > 0) throw new StanzaError("bad-request");
  const [payload, ...more] = item.elements;
  if (payload === undefined) throw pubsubError("bad-request", "payload-required");
  if (more.length > 0) throw pubsubError("bad-request", "invalid-payload");
  return { node, id: item.attr("id") || undefined, payload, options: readOptions(iq) };
}

function readOptions(iq: IqRequest): FormValues {
  const form = readForm(iq.payload.child("publish-options", NS.PUBSUB), NS.PUBSUB_OPTIONS);
  if (form.kind === "none") return new Map();
  if (form.kind !== "submit") throw new StanzaError("bad-request");
  return form.values;
}

/** Publishes, and returns the id of the item. */
export async function publishItem(request: PublishRequest, iq: IqRequest, context: AccountContext): Promise<string> {
  const known = context.exists ? (await nodesOf(context)).get(request.node) : undefined;
  if (!mayPublish(known, iq.from, context)) throw new StanzaError("forbidden");
  const id = request.id ?? context.newId();
  await publish({ ...request, id, publisher: iq.from.bare }, context);
  return id;
}

export function publishAnswer(node: string, id: string): Markup {
  return xml`<pubsub xmlns="${NS.PUBSUB}"><publish node="${node}"><item id="${id}"/></publish></pubsub>`;
}

/** Section 7.2. Returns the id of the retracted item. */
export async function retractItem(element: Element, iq: IqRequest, context: AccountContext): Promise<string> {
  const name = requireNodeId(element);
  const known = context.exists ? (await nodesOf(context)).get(name) : undefined;
  if (!mayPublish(known, iq.from, context)) throw new StanzaError("forbidden");
  const node = await requireNode(element, context);
  const [item, ...others] = element.childrenNamed("item", NS.PUBSUB);
  const id = item?.attr("id");
  if (id === undefined || others.length > 0) throw pubsubError("bad-request", "item-required");
  const asked = element.attr("notify");
  const notify = asked === undefined ? node.config.notifyRetract : asked === "true" || asked === "1";
  if (!(await retract(node, id, notify, context))) throw new StanzaError("item-not-found");
  return id;
}
