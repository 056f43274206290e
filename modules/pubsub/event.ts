/**
 * Event notifications: their writers and their recipients. XEP-0060 sections 7.1.2 and 12, XEP-0163 section 4.3.
 * @module
 */
import type { PubsubItemRecord } from "../../store/store.ts";
import { formatDateTime } from "../../xmpp/date_time.ts";
import { Jid } from "../../xmpp/jid.ts";
import { NS } from "../../xmpp/ns.ts";
import { Stanza } from "../../xmpp/stanza.ts";
import { type Markup, raw, xml } from "../../xmpp/xml/xml.ts";
import { isBlocked } from "../blocking/block_list.ts";
import type { AccountContext, Effect } from "../module.ts";
import { accessError } from "./node_access.ts";
import type { PepNode } from "./pep_node.ts";
import { watchersOf } from "./watchers.ts";

export function itemEvent(node: PepNode, item: PubsubItemRecord): Markup {
  const payload = node.config.deliverPayloads && raw(item.text);
  return event(xml`<items node="${node.name}"><item id="${item.id}">${payload}</item></items>`);
}

export function retractEvent(node: PepNode, id: string): Markup {
  return event(xml`<items node="${node.name}"><retract id="${id}"/></items>`);
}

export function purgeEvent(node: PepNode): Markup {
  return event(xml`<purge node="${node.name}"/>`);
}

export function deleteEvent(node: PepNode): Markup {
  return event(xml`<delete node="${node.name}"/>`);
}

export function configurationEvent(node: PepNode): Markup {
  return event(xml`<configuration node="${node.name}"/>`);
}

function event(content: Markup): Markup {
  return xml`<event xmlns="${NS.PUBSUB_EVENT}">${content}</event>`;
}

/** For an item that was published before (XEP-0163 section 4.3.4). */
export function delayed(item: PubsubItemRecord): Markup {
  return xml`<delay xmlns="${NS.DELAY}" stamp="${formatDateTime(item.at)}"/>`;
}

/** Sends one notification to one JID, directly to a resource of this account or by the router. */
export function notification(node: PepNode, to: Jid, content: Markup, context: AccountContext): Effect {
  const { notificationType } = node.config;
  const type = notificationType === "normal" ? undefined : notificationType;
  const stanza = Stanza.build("message", { from: context.owner, to, type, id: context.newId() }, content);
  if (to.isFull && to.bare.equals(context.owner)) return { kind: "resource", resource: to.resource, stanza };
  return { kind: "route", stanza };
}

/** To all recipients that may read the node and want notifications. */
export function notifyAll(node: PepNode, content: Markup, context: AccountContext): void {
  for (const to of recipients(node, context)) carryOut(notification(node, to, content, context), context);
}

/** For callers outside of a hook, which cannot return effects. */
export function carryOut(effect: Effect, context: AccountContext): void {
  if (effect.kind === "resource") context.toResource(effect.resource, effect.stanza);
  else context.route(effect.stanza);
}

/** Section 4.3.2 of XEP-0163: interested resources that are known to be there, and explicit subscribers, each once. */
function recipients(node: PepNode, context: AccountContext): readonly Jid[] {
  const found = new Map<string, Jid>();
  const reached = new Set<string>();
  for (const jid of watchersOf(node.name, context)) {
    found.set(jid.text, jid);
    reached.add(jid.bare.text);
  }
  for (const text of node.subscribers) {
    if (!reached.has(text)) found.set(text, Jid.parse(text));
  }
  return [...found.values()].filter((jid) => mayHear(node, jid, context));
}

export function mayHear(node: PepNode, jid: Jid, context: AccountContext): boolean {
  if (accessError(node, jid, context) !== undefined) return false;
  return jid.bare.equals(context.owner) || !isBlocked(context.blocked, jid);
}
