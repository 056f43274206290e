import type { Jid } from "../../xmpp/jid.ts";
import { xml } from "../../xmpp/xml/xml.ts";
import type { Interests } from "../caps/learnt_caps.ts";
import type { AccountContext, Effect } from "../module.ts";
import { delayed, itemEvent, mayHear, notification } from "./event.ts";
import { nodesOf, type PepNode } from "./pep_node.ts";

/**
 * Sends the last item of each node that a resource wants, when it has come or has changed its interests. XEP-0163
 * section 4.3.4.
 */
export async function lastItems(jid: Jid, interests: Interests, context: AccountContext): Promise<readonly Effect[]> {
  const nodes = await nodesOf(context);
  const wanted = [...interests].flatMap((name) => nodes.get(name) ?? []).filter((node) => isDue(node, jid, context));
  const effects = await Promise.all(wanted.map((node) => lastItem(node, jid, context)));
  return effects.flat();
}

function isDue(node: PepNode, jid: Jid, context: AccountContext): boolean {
  return node.config.sendLast === "on_sub_and_presence" && mayHear(node, jid, context);
}

async function lastItem(node: PepNode, jid: Jid, context: AccountContext): Promise<readonly Effect[]> {
  const [item] = await context.store.pubsubItems(context.owner.text, node.name, 1);
  if (item === undefined) return [];
  return [notification(node, jid, xml`${itemEvent(node, item)}${delayed(item)}`, context)];
}
