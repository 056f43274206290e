/** Applies a subscription stanza to an account. RFC 6121 section 3. @module */
import type { SubscriptionEffect } from "../../modules/roster/subscription_flow.ts";
import { INTERESTED } from "../../modules/roster.ts";
import type { Jid } from "../../xmpp/jid.ts";
import { Stanza } from "../../xmpp/stanza.ts";
import { runHooks } from "./account_hooks.ts";
import type { LiveAccount } from "./live_account.ts";
import { sendPresence } from "./presence_broadcast.ts";

/** In order; each is stored before the next begins. */
export async function applySubscription(account: LiveAccount, effects: readonly SubscriptionEffect[]): Promise<void> {
  for (const effect of effects) await applyOne(account, effect);
}

function applyOne(account: LiveAccount, effect: SubscriptionEffect): void | Promise<void> {
  switch (effect.kind) {
    case "putItem":
      return account.putRosterItem(effect.item);
    case "removeItem":
      return account.dropRosterItem(effect.jid);
    case "putRequest":
      return account.putRequest(effect.request);
    case "removeRequest":
      return account.dropRequest(effect.from);
    case "route":
      return account.route(effect.stanza);
    case "deliver":
      return deliver(account, effect.to, effect.stanza);
    case "sendPresence":
      return tellPresence(account, effect.to);
    case "sendUnavailable":
      return sendUnavailable(account, effect.to);
    case "changed":
      return runHooks(account, "subscription", (hooks) => hooks.subscription?.(effect, account));
    default:
      effect satisfies never;
  }
}

function deliver(account: LiveAccount, to: "available" | "interested", stanza: Stanza): void {
  for (const resource of account.live) {
    const wanted = to === "available" ? resource.available : resource.marks.has(INTERESTED);
    if (wanted) account.show(resource, stanza);
  }
}

/** The present one of each resource. */
export function tellPresence(account: LiveAccount, to: Jid): void {
  for (const { presence } of account.live) if (presence !== undefined) sendPresence(account, presence, to);
}

function sendUnavailable(account: LiveAccount, to: Jid): void {
  for (const { jid, available } of account.live) {
    if (available) account.route(Stanza.build("presence", { from: jid, to, type: "unavailable" }));
  }
}
