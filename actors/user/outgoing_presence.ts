/** Presence that the account's own resources send. RFC 6121 sections 4.2 to 4.6. @module */
import { blockedError, hasBlocked } from "../../modules/blocking/block_list.ts";
import { isSubscriptionType } from "../../modules/roster/subscription.ts";
import { outboundEffects } from "../../modules/roster/subscription_flow.ts";
import { StanzaError, type StanzaErrorCondition } from "../../xmpp/errors.ts";
import { Jid } from "../../xmpp/jid.ts";
import { NS } from "../../xmpp/ns.ts";
import { Stanza } from "../../xmpp/stanza.ts";
import { readPriority } from "../presence_priority.ts";
import { outgoingPresence, runHooks, sentPresence } from "./account_hooks.ts";
import { tellProfile } from "./account_profile.ts";
import type { LiveAccount, LiveResource } from "./live_account.ts";
import { broadcast, isReachable, sendPresence } from "./presence_broadcast.ts";
import { applySubscription } from "./subscriptions.ts";

/** Besides those of subscriptions, and none at all. */
const PRESENCE_TYPES: ReadonlySet<string> = new Set(["unavailable", "probe"]);
/** Most addresses with directed presence that are kept. */
const MAX_DIRECTED = 1000;

export function onPresence(account: LiveAccount, name: string, given: Stanza): void | Promise<void> {
  const resource = account.resource(name);
  if (resource === undefined) return;
  const stanza = sentPresence(account, given);
  const { to, type } = stanza;
  const isOfAvailability = type === undefined || type === "unavailable";
  if (isOfAvailability && to !== undefined && hasBlocked(account, to)) {
    return account.show(resource, stanza.error(blockedError()));
  }
  const fault = faultOf(account, stanza);
  if (fault !== undefined) {
    return account.show(resource, stanza.error(new StanzaError(fault)));
  }
  if (isSubscriptionType(stanza.type)) return applySubscription(account, outboundEffects(stanza, account));
  if (stanza.to !== undefined) return direct(account, resource, stanza, stanza.to);
  if (stanza.type === undefined) return goAvailable(account, resource, stanza);
  if (stanza.type === "unavailable") goUnavailable(account, resource, stanza);
  tellProfile(account);
}

function faultOf(account: LiveAccount, { type, to }: Stanza): StanzaErrorCondition | undefined {
  if (!isSubscriptionType(type)) return type === undefined || PRESENCE_TYPES.has(type) ? undefined : "bad-request";
  const { exists, roster, settings } = account;
  if (!exists) return "forbidden";
  // Both create a missing roster item (RFC 6121 sections 3.1.2 and 3.4.2).
  const makesItem = (type === "subscribe" || type === "subscribed") && to !== undefined && !roster.has(to.bare.text);
  return makesItem && roster.size >= settings.rosterItems ? "resource-constraint" : undefined;
}

/** RFC 6121 section 4.6: recipients of directed presence also get the unavailable presence. */
function direct(account: LiveAccount, resource: LiveResource, stanza: Stanza, to: Jid): void {
  // RFC 6120 section 10.4. A leaving resource cannot receive an error.
  if (stanza.type !== "unavailable" && !account.node.serves(to.domain)) {
    const error = stanza.error(new StanzaError("remote-server-not-found"));
    return account.show(resource, error);
  }
  if (stanza.type === undefined) {
    resource.directed ??= new Set();
    if (resource.directed.size < MAX_DIRECTED) resource.directed.add(to.text);
  } else if (stanza.type === "unavailable") resource.directed?.delete(to.text);
  account.route(stanza.type === undefined ? outgoingPresence(account, stanza) : stanza);
}

async function goAvailable(account: LiveAccount, resource: LiveResource, sent: Stanza): Promise<void> {
  const stanza = outgoingPresence(account, sent);
  const initial = !resource.available;
  resource.available = true;
  resource.sent = sent;
  resource.presence = stanza;
  const usedPriority = resource.priority;
  resource.priority = readPriority(stanza);
  tellProfile(account);
  broadcast(account, stanza);
  if (initial) welcome(account, resource);
  await runHooks(account, "presence", (hooks) => hooks.presence?.({ resource, initial, stanza }, account));
  if (resource.priority >= 0 && (initial || usedPriority < 0)) {
    account.delivery.tell({ kind: "flush", comes: true, seenUntil: initial ? resource.caughtUpTo : 0 });
  }
}

/** A resource that has just become available gets the presence of contacts and the pending subscription requests. */
function welcome(account: LiveAccount, resource: LiveResource): void {
  const { roster, requests, live, owner } = account;
  for (const own of live) {
    if (own === resource || own.presence === undefined) continue;
    account.show(resource, own.presence.readdress({ to: resource.jid }));
  }
  for (const item of roster.values()) {
    if (item.subscription !== "to" && item.subscription !== "both") continue;
    const contact = Jid.parse(item.jid);
    if (!isReachable(account, contact) || hasBlocked(account, contact)) continue;
    account.route(Stanza.build("presence", { from: resource.jid, to: contact, type: "probe" }));
  }
  for (const request of requests.values()) {
    account.show(resource, Stanza.parse(request.text).readdress({ to: owner }));
  }
}

/** RFC 6121 section 4.5: also when the stream just ended, then without a stanza of the client's. */
export function goUnavailable(account: LiveAccount, resource: LiveResource, sent: Stanza | undefined): void {
  const stanza = sent ?? Stanza.build("presence", { from: resource.jid, type: "unavailable" });
  const { directed, available } = resource;
  resource.directed = undefined;
  if (available) {
    resource.available = false;
    resource.presence = undefined;
    resource.sent = undefined;
    broadcast(account, stanza);
    if (sent !== undefined) account.show(resource, stanza.readdress({ to: resource.jid }));
    keepActivity(account, stanza);
  }
  for (const text of directed ?? []) {
    const to = Jid.parse(text);
    const isTold = available && account.sharesPresenceWith(to);
    if (!isTold) sendPresence(account, stanza, to);
  }
}

/** XEP-0012: when the last resource left, and with which status. */
function keepActivity(account: LiveAccount, stanza: Stanza): void {
  const { node, owner, log } = account;
  if (!account.exists || account.live.some((resource) => resource.available)) return;
  // A removed account is no longer found; its actor only ends its sessions.
  if (node.activeUser(owner)?.delivery !== account.delivery) return;
  const status = stanza.payload("status", NS.CLIENT)?.text ?? "";
  node.database.setLastActivity(owner.text, node.now(), status).catch((error) => {
    log.error("cannot store last activity", { account: owner.text, error });
  });
}
