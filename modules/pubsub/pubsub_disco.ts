/** The PEP nodes of an account in service discovery. XEP-0060 sections 5.2 to 5.4. @module */
import { StanzaError } from "../../xmpp/errors.ts";
import type { Jid } from "../../xmpp/jid.ts";
import type { Markup } from "../../xmpp/xml/xml.ts";
import { discoItems } from "../disco/disco_info.ts";
import type { AccountContext } from "../module.ts";

export function nodeInfo(_node: string, _asker: Jid, _context: AccountContext): Markup {
  throw new StanzaError("item-not-found");
}

export function nodeItems(node: string | undefined, _asker: Jid, _context: AccountContext): Markup {
  return discoItems([], node);
}
