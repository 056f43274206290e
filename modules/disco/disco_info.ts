import { NS } from "../../xmpp/ns.ts";
import { attr, type Markup, xml } from "../../xmpp/xml/xml.ts";
import type { Identity } from "../module.ts";

/** One `<identity/>` of disco#info (XEP-0030 section 3.1). */
export function identityMarkup(identity: Identity): Markup {
  return xml`<identity category="${identity.category}" type="${identity.type}"${attr("name", identity.name)}/>`;
}

/** A disco#info answer. */
export function discoInfo(content: Markup, node?: string): Markup {
  return xml`<query xmlns="${NS.DISCO_INFO}"${attr("node", node)}>${content}</query>`;
}

/** A disco#items answer (XEP-0030 section 4.1). */
export function discoItems(
  items: readonly { readonly jid: string; readonly node?: string; readonly name?: string }[],
  node?: string,
): Markup {
  const children = items.map(
    (item) => xml`<item jid="${item.jid}"${attr("node", item.node)}${attr("name", item.name)}/>`,
  );
  return xml`<query xmlns="${NS.DISCO_ITEMS}"${attr("node", node)}>${children}</query>`;
}
