/** Changes of a node's items, by requests and by the server's own conversions. XEP-0060 section 7. @module */
import type { PubsubItemRecord } from "../../store/store.ts";
import { StanzaError } from "../../xmpp/errors.ts";
import type { Jid } from "../../xmpp/jid.ts";
import type { Element } from "../../xmpp/xml/element.ts";
import type { FormValues } from "../forms/data_form.ts";
import type { AccountContext } from "../module.ts";
import { itemEvent, notifyAll, purgeEvent, retractEvent } from "./event.ts";
import {
  applyConfig,
  hasUnknownField,
  isSameConfig,
  itemLimit,
  MAX_ITEMS,
  type NodeConfig,
  PEP_DEFAULTS,
} from "./node_config.ts";
import { MAX_NODES, newNode, nodesOf, noteItems, type PepNode, type PepNodes, saveNode } from "./pep_node.ts";
import { pubsubError } from "./pubsub_error.ts";

export interface Publication {
  readonly node: string;
  readonly id: string;
  readonly payload: Element;
  /** Bare JID. */
  readonly publisher: Jid;
  /** Section 7.1.5: the configuration that an existing node must have, or that a new node gets. */
  readonly options: FormValues;
  /** In UTF-16 units, for payloads with a smaller limit than others. */
  readonly maxPayload?: number | undefined;
}

/** Longest payload, longest items of one node together, longest name of an item or a node, in UTF-16 units. */
const MAX_PAYLOAD = 200_000;
const MAX_NODE = 20_000_000;
const MAX_NAME = 1023;

/** Stores the item and sends notifications. @throws StanzaError when the options or the limits forbid it */
export async function publish(publication: Publication, context: AccountContext): Promise<PepNode> {
  const { id, publisher } = publication;
  const text = publication.payload.toString();
  if (id.length > MAX_NAME) throw new StanzaError("not-acceptable");
  const node = await nodeFor(publication, text.length, context);
  const item: PubsubItemRecord = { id, publisher: publisher.text, text, at: context.now() };
  if (node.config.persistItems) {
    await context.store.putPubsubItem(context.owner.text, node.name, item, itemLimit(node.config));
    noteItems(node.name, context);
  }
  notifyAll(node, itemEvent(node, item), context);
  return node;
}

/** Returns false where there was no such item. */
export async function retract(node: PepNode, id: string, notify: boolean, context: AccountContext): Promise<boolean> {
  const removed = await context.store.removePubsubItem(context.owner.text, node.name, id);
  noteItems(node.name, context);
  if (removed && notify) notifyAll(node, retractEvent(node, id), context);
  return removed;
}

/** Section 8.5. */
export async function purge(node: PepNode, context: AccountContext): Promise<void> {
  const owner = context.owner.text;
  const items = await context.store.pubsubItems(owner, node.name, MAX_ITEMS);
  await Promise.all(items.map((item) => context.store.removePubsubItem(owner, node.name, item.id)));
  noteItems(node.name, context);
  notifyAll(node, purgeEvent(node), context);
}

/** The node, created if missing (section 7.1.4), with the configuration that the options demand. */
async function nodeFor(publication: Publication, length: number, context: AccountContext): Promise<PepNode> {
  const nodes = await nodesOf(context);
  const known = nodes.get(publication.node);
  const base = known?.config ?? PEP_DEFAULTS;
  const config = applyConfig(publication.options, base);
  const unmet = config === undefined || hasUnknownField(publication.options);
  if (unmet || (known !== undefined && !isSameConfig(config, base))) {
    throw pubsubError("conflict", "precondition-not-met");
  }
  if (length > maxPayload(publication, config)) throw pubsubError("not-acceptable", "payload-too-big");
  if (known !== undefined) return known;
  checkNewNode(publication.node, nodes);
  const node = newNode(publication.node, config);
  await saveNode(node, context);
  return node;
}

/** Items of a node with many items must be smaller, so that one answer can hold them all. */
function maxPayload({ maxPayload = MAX_PAYLOAD }: Publication, config: NodeConfig): number {
  return Math.min(maxPayload, MAX_NODE / itemLimit(config));
}

/** @throws StanzaError when the name is too long, or the account has its maximum of nodes */
export function checkNewNode(name: string, nodes: PepNodes): void {
  if (name.length > MAX_NAME) throw new StanzaError("not-acceptable");
  if (nodes.size >= MAX_NODES) throw pubsubError("conflict", "max-nodes-exceeded");
}
