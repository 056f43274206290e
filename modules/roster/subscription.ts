/**
 * Presence subscriptions as a state machine of pure functions. RFC 6121 section 3 and Appendix A.
 *
 * The nine states of Appendix A.1 are two independent halves: whether we see the contact (`to`), and whether the
 * contact sees us (`from`); each is absent, pending or granted. An outbound `subscribe` or `unsubscribe` changes `to`,
 * an outbound `subscribed` or `unsubscribed` changes `from`; inbound stanzas change the other half.
 * @module
 */
import type { RosterItem, SubscriptionState } from "../../store/store.ts";

export type SubscriptionType = "subscribe" | "subscribed" | "unsubscribe" | "unsubscribed";

export type Half = "absent" | "pending" | "granted";

export interface Subscription {
  readonly to: Half;
  readonly from: Half;
  /** The contact's request will be granted without asking (section 3.4). */
  readonly approved: boolean;
}

export interface OutboundResult {
  readonly state: Subscription;
  /** Whether the stanza goes on to the contact. */
  readonly route: boolean;
  /** Whether the visible roster item has changed and a roster push is due. */
  readonly push: boolean;
}

export interface InboundResult {
  readonly state: Subscription;
  /** Whether the stanza goes to the user's resources. */
  readonly deliver: boolean;
  readonly push: boolean;
  /** An automatic answer on behalf of the user. */
  readonly autoReply?: "subscribed";
}

export const SUBSCRIPTION_TYPES: ReadonlySet<string> = new Set([
  "subscribe",
  "subscribed",
  "unsubscribe",
  "unsubscribed",
] satisfies SubscriptionType[]);

export function isSubscriptionType(type: string | undefined): type is SubscriptionType {
  return type !== undefined && SUBSCRIPTION_TYPES.has(type);
}

/** The state as the roster item and a waiting request hold it. */
export function subscriptionOf(item: RosterItem | undefined, hasRequest: boolean): Subscription {
  const shown = item?.subscription ?? "none";
  const to = shown === "to" || shown === "both" ? "granted" : item?.ask ? "pending" : "absent";
  const from = shown === "from" || shown === "both" ? "granted" : hasRequest ? "pending" : "absent";
  return { to, from, approved: item?.approved ?? false };
}

/** The value of the roster item's `subscription` attribute. */
export function shownSubscription(state: Subscription): SubscriptionState {
  if (state.to === "granted") return state.from === "granted" ? "both" : "to";
  return state.from === "granted" ? "from" : "none";
}

/** Appendix A.2: the user sends a subscription stanza. */
export function outbound(type: SubscriptionType, state: Subscription): OutboundResult {
  switch (type) {
    case "subscribe":
      return sent(state, { ...state, to: state.to === "absent" ? "pending" : state.to }, true);
    case "unsubscribe":
      return sent(state, { ...state, to: "absent" }, true);
    case "subscribed":
      if (state.from === "pending") return sent(state, { ...state, from: "granted" }, true);
      // A.2.3 [1], section 3.4.2: without a request it is a pre-approval.
      return sent(state, { ...state, approved: state.approved || state.from === "absent" }, false);
    case "unsubscribed":
      return sent(state, { ...state, from: "absent", approved: false }, state.from !== "absent");
  }
  return type satisfies never;
}

/** Appendix A.3: the contact's subscription stanza arrives. */
export function inbound(type: SubscriptionType, state: Subscription): InboundResult {
  switch (type) {
    case "subscribe":
      return requested(state);
    case "unsubscribe":
      return received(state, { ...state, from: "absent" }, state.from !== "absent");
    case "subscribed":
      return received(state, { ...state, to: state.to === "pending" ? "granted" : state.to }, state.to === "pending");
    case "unsubscribed":
      return received(state, { ...state, to: "absent" }, state.to !== "absent");
  }
  return type satisfies never;
}

function requested(state: Subscription): InboundResult {
  if (state.from === "granted") return { state, deliver: false, push: false, autoReply: "subscribed" };
  if (state.approved) {
    const granted: Subscription = { ...state, from: "granted" };
    return { state: granted, deliver: false, push: true, autoReply: "subscribed" };
  }
  return received(state, { ...state, from: "pending" }, state.from === "absent");
}

function sent(before: Subscription, state: Subscription, route: boolean): OutboundResult {
  return { state, route, push: isShownOtherwise(before, state) };
}

function received(before: Subscription, state: Subscription, deliver: boolean): InboundResult {
  return { state, deliver, push: isShownOtherwise(before, state) };
}

/** A pending inbound request is never shown in the roster (section 3.1.3). */
function isShownOtherwise(a: Subscription, b: Subscription): boolean {
  return a.to !== b.to || a.approved !== b.approved || (a.from === "granted") !== (b.from === "granted");
}
