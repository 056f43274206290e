/** Common parts of pubsub requests: the node that they name, and its access. @module */
import { StanzaError } from "../../xmpp/errors.ts";
import type { Element } from "../../xmpp/xml/element.ts";
import type { AccountContext, IqRequest } from "../module.ts";
import { accessError } from "./node_access.ts";
import { nodesOf, type PepNode } from "./pep_node.ts";
import { pubsubError } from "./pubsub_error.ts";

/** @throws StanzaError bad-request with nodeid-required */
export function requireNodeId(element: Element): string {
  const node = element.attr("node");
  if (node === undefined || node === "") throw pubsubError("bad-request", "nodeid-required");
  return node;
}

/** @throws StanzaError item-not-found, as XEP-0060 demands for every request */
export async function requireNode(element: Element, context: AccountContext): Promise<PepNode> {
  const name = requireNodeId(element);
  const node = context.exists ? (await nodesOf(context)).get(name) : undefined;
  if (node === undefined) throw new StanzaError("item-not-found");
  return node;
}

/** A node that the asker may read or subscribe to. */
export async function requireReadableNode(element: Element, iq: IqRequest, context: AccountContext): Promise<PepNode> {
  const node = await requireNode(element, context);
  const error = accessError(node, iq.from, context);
  if (error !== undefined) throw error;
  return node;
}
