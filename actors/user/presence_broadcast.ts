/** Sends the presence of an account to its contacts and resources. RFC 6121 section 4. @module */
import { hasBlocked } from "../../modules/blocking/block_list.ts";
import { Jid } from "../../xmpp/jid.ts";
import type { Stanza } from "../../xmpp/stanza.ts";
import { outgoingPresence } from "./account_hooks.ts";
import { isWatcher, type LiveAccount } from "./live_account.ts";

/** RFC 6121 section 4.2.2: to the contacts that may see it, and to all available resources of the user. */
export function broadcast(account: LiveAccount, stanza: Stanza): void {
  for (const item of account.roster.values()) {
    if (!isWatcher(item)) continue;
    const contact = Jid.parse(item.jid);
    if (isReachable(account, contact)) sendPresence(account, stanza, contact);
  }
  for (const own of account.live) {
    if (own.available) account.show(own, stanza.readdress({ to: own.jid }));
  }
}

export function sendPresence(account: LiveAccount, stanza: Stanza, to: Jid): void {
  if (!hasBlocked(account, to)) account.route(stanza.readdress({ to }));
}

/** A contact of this process without a resource cannot see it. */
export function isReachable({ node }: LiveAccount, contact: Jid): boolean {
  if (!node.isLocal(contact.domain) || node.activeUser(contact) !== undefined) return true;
  return node.peers.ownerOf(contact.bare) !== node.peers.own;
}

/** The additions of modules to presence have changed. */
export function refreshPresence(account: LiveAccount): void {
  for (const resource of account.live) {
    if (resource.sent === undefined) continue;
    const stanza = outgoingPresence(account, resource.sent);
    if (stanza.toString() === resource.presence?.toString()) continue;
    resource.presence = stanza;
    broadcast(account, stanza);
  }
}
