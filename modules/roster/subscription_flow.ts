/**
 * The effects of a subscription stanza, in the order in which the user's actor carries them out. RFC 6121 section 3.
 * Pure: roster and requests are only read.
 * @module
 */
import type { RosterItem, SubscriptionRequest } from "../../store/store.ts";
import type { Jid } from "../../xmpp/jid.ts";
import { Stanza } from "../../xmpp/stanza.ts";
import {
  inbound,
  isSubscriptionType,
  outbound,
  type Subscription,
  shownSubscription,
  subscriptionOf,
} from "./subscription.ts";

/** The part of an account that the flow reads; an AccountContext has it. */
export interface SubscriptionView {
  /** Bare JID. */
  readonly owner: Jid;
  readonly exists: boolean;
  readonly roster: ReadonlyMap<string, RosterItem>;
  readonly requests: ReadonlyMap<string, SubscriptionRequest>;
}

export type SubscriptionEffect =
  /** Store the roster item, then push it to the interested resources. */
  | { readonly kind: "putItem"; readonly item: RosterItem }
  /** Remove the roster item from the store, then push its removal. */
  | { readonly kind: "removeItem"; readonly jid: Jid }
  /** Keep the request until it is answered; it is delivered again at each initial presence (section 3.1.3). */
  | { readonly kind: "putRequest"; readonly request: SubscriptionRequest }
  | { readonly kind: "removeRequest"; readonly from: Jid }
  /** Route the stanza; both addresses are bare. */
  | { readonly kind: "route"; readonly stanza: Stanza }
  /** To the account's resources: `available` for a request, else `interested` ones (those with the roster mark). */
  | { readonly kind: "deliver"; readonly to: "available" | "interested"; readonly stanza: Stanza }
  /** From each available resource its current presence to the contact, who may see it from now on. */
  | { readonly kind: "sendPresence"; readonly to: Jid }
  /** From each available resource presence of type unavailable to the contact, who may not see it any more. */
  | { readonly kind: "sendUnavailable"; readonly to: Jid }
  /** The right to see the account's presence has changed: for the hook `subscription`. */
  | { readonly kind: "changed"; readonly contact: Jid; readonly from: boolean };

/**
 * Longest request that is kept with its content, in UTF-16 units: any stranger may send one, and it is delivered at
 * every login.
 */
const MAX_REQUEST = 10_000;

/** The user's own subscription stanza, from any of the resources. Nothing for one to oneself, or of another type. */
export function outboundEffects(stanza: Stanza, view: SubscriptionView): readonly SubscriptionEffect[] {
  const contact = stanza.to?.bare;
  if (!isSubscriptionType(stanza.type) || contact === undefined || contact.equals(view.owner)) return [];
  const before = stateOf(contact, view);
  const { state, route, push } = outbound(stanza.type, before);
  const effects = stored(contact, before, state, push, view);
  // Sections 3.1.2, 3.2.2, 3.3.2: stamped with bare addresses.
  if (route) effects.push({ kind: "route", stanza: stanza.readdress({ from: view.owner, to: contact }) });
  return [...effects, ...shared(contact, before, state)];
}

/** A subscription stanza for the account. One of a blocked sender never gets here (XEP-0191 section 3.3). */
export function inboundEffects(stanza: Stanza, view: SubscriptionView): readonly SubscriptionEffect[] {
  const contact = stanza.from?.bare;
  if (!isSubscriptionType(stanza.type) || contact === undefined || contact.equals(view.owner)) return [];
  if (!view.exists) return stanza.type === "subscribe" ? [reply("unsubscribed", contact, view)] : [];
  const before = stateOf(contact, view);
  const { state, deliver, push, autoReply } = inbound(stanza.type, before);
  const addressed = stanza.readdress({ from: contact, to: view.owner });
  const effects = stored(contact, before, state, push, view, addressed);
  if (deliver) {
    effects.push({ kind: "deliver", to: stanza.type === "subscribe" ? "available" : "interested", stanza: addressed });
  }
  if (autoReply !== undefined) effects.push(reply(autoReply, contact, view), { kind: "sendPresence", to: contact });
  return [...effects, ...shared(contact, before, state).filter((effect) => !autoReply || effect.kind === "changed")];
}

/** Removing a roster item cancels the subscriptions both ways (section 2.5.2). */
export function removalEffects(contact: Jid, view: SubscriptionView): readonly SubscriptionEffect[] {
  const { to, from } = stateOf(contact, view);
  const effects: SubscriptionEffect[] = [{ kind: "removeItem", jid: contact }];
  if (from === "pending") effects.push({ kind: "removeRequest", from: contact });
  if (to !== "absent") effects.push(reply("unsubscribe", contact, view));
  if (from !== "absent") effects.push(reply("unsubscribed", contact, view));
  if (from === "granted") {
    effects.push({ kind: "sendUnavailable", to: contact }, { kind: "changed", contact, from: false });
  }
  return effects;
}

function stateOf(contact: Jid, view: SubscriptionView): Subscription {
  return subscriptionOf(view.roster.get(contact.text), view.requests.has(contact.text));
}

function stored(
  contact: Jid,
  before: Subscription,
  state: Subscription,
  push: boolean,
  view: SubscriptionView,
  request?: Stanza,
): SubscriptionEffect[] {
  const effects: SubscriptionEffect[] = [];
  if (before.from === "pending" && state.from !== "pending") effects.push({ kind: "removeRequest", from: contact });
  if (before.from !== "pending" && state.from === "pending" && request !== undefined) {
    effects.push({ kind: "putRequest", request: { from: contact.text, text: keptRequest(request).toString() } });
  }
  if (push) effects.push({ kind: "putItem", item: itemOf(contact, state, view.roster.get(contact.text)) });
  return effects;
}

/** A longer request is kept without its content. */
function keptRequest(request: Stanza): Stanza {
  const { from, to, id, type, size } = request;
  return size <= MAX_REQUEST ? request : Stanza.build("presence", { from, to, id, type });
}

function itemOf(contact: Jid, state: Subscription, known: RosterItem | undefined): RosterItem {
  return {
    jid: contact.text,
    name: known?.name ?? "",
    groups: known?.groups ?? [],
    subscription: shownSubscription(state),
    ask: state.to === "pending",
    approved: state.approved,
  };
}

function shared(contact: Jid, before: Subscription, state: Subscription): SubscriptionEffect[] {
  const from = state.from === "granted";
  if (from === (before.from === "granted")) return [];
  return [
    { kind: from ? "sendPresence" : "sendUnavailable", to: contact },
    { kind: "changed", contact, from },
  ];
}

function reply(type: string, to: Jid, view: SubscriptionView): SubscriptionEffect {
  return { kind: "route", stanza: Stanza.build("presence", { from: view.owner, to, type }) };
}
