import { describe, expect, test } from "bun:test";
import {
  inbound,
  outbound,
  type Subscription,
  type SubscriptionType,
  shownSubscription,
  subscriptionOf,
} from "../../../modules/roster/subscription.ts";
import { item } from "../fake_context.ts";

/** The states of RFC 6121 Appendix A.1, by their names there. */
const STATES: Readonly<Record<string, Subscription>> = {
  None: { to: "absent", from: "absent", approved: false },
  "None + Pending Out": { to: "pending", from: "absent", approved: false },
  "None + Pending In": { to: "absent", from: "pending", approved: false },
  "None + Pending Out+In": { to: "pending", from: "pending", approved: false },
  To: { to: "granted", from: "absent", approved: false },
  "To + Pending In": { to: "granted", from: "pending", approved: false },
  From: { to: "absent", from: "granted", approved: false },
  "From + Pending Out": { to: "pending", from: "granted", approved: false },
  Both: { to: "granted", from: "granted", approved: false },
};

/** Existing state, whether it goes on (routed or delivered), new state; "=" is no change. */
type Row = readonly [string, "MUST" | "MUST NOT", string];

function nameOf(state: Subscription): string {
  const found = Object.entries(STATES).find(([, known]) => known.to === state.to && known.from === state.from);
  return found![0];
}

const OUTBOUND: Readonly<Record<SubscriptionType, readonly Row[]>> = {
  subscribe: [
    ["None", "MUST", "None + Pending Out"],
    ["None + Pending Out", "MUST", "="],
    ["None + Pending In", "MUST", "None + Pending Out+In"],
    ["None + Pending Out+In", "MUST", "="],
    ["To", "MUST", "="],
    ["To + Pending In", "MUST", "="],
    ["From", "MUST", "From + Pending Out"],
    ["From + Pending Out", "MUST", "="],
    ["Both", "MUST", "="],
  ],
  unsubscribe: [
    ["None", "MUST", "="],
    ["None + Pending Out", "MUST", "None"],
    ["None + Pending In", "MUST", "="],
    ["None + Pending Out+In", "MUST", "None + Pending In"],
    ["To", "MUST", "None"],
    ["To + Pending In", "MUST", "None + Pending In"],
    ["From", "MUST", "="],
    ["From + Pending Out", "MUST", "From"],
    ["Both", "MUST", "From"],
  ],
  subscribed: [
    ["None", "MUST NOT", "="],
    ["None + Pending Out", "MUST NOT", "="],
    ["None + Pending In", "MUST", "From"],
    ["None + Pending Out+In", "MUST", "From + Pending Out"],
    ["To", "MUST NOT", "="],
    ["To + Pending In", "MUST", "Both"],
    ["From", "MUST NOT", "="],
    ["From + Pending Out", "MUST NOT", "="],
    ["Both", "MUST NOT", "="],
  ],
  unsubscribed: [
    ["None", "MUST NOT", "="],
    ["None + Pending Out", "MUST NOT", "="],
    ["None + Pending In", "MUST", "None"],
    ["None + Pending Out+In", "MUST", "None + Pending Out"],
    ["To", "MUST NOT", "="],
    ["To + Pending In", "MUST", "To"],
    ["From", "MUST", "None"],
    ["From + Pending Out", "MUST", "None + Pending Out"],
    ["Both", "MUST", "To"],
  ],
};

const INBOUND: Readonly<Record<SubscriptionType, readonly Row[]>> = {
  subscribe: [
    ["None", "MUST", "None + Pending In"],
    ["None + Pending Out", "MUST", "None + Pending Out+In"],
    ["None + Pending In", "MUST NOT", "="],
    ["None + Pending Out+In", "MUST NOT", "="],
    ["To", "MUST", "To + Pending In"],
    ["To + Pending In", "MUST NOT", "="],
    ["From", "MUST NOT", "="],
    ["From + Pending Out", "MUST NOT", "="],
    ["Both", "MUST NOT", "="],
  ],
  unsubscribe: [
    ["None", "MUST NOT", "="],
    ["None + Pending Out", "MUST NOT", "="],
    ["None + Pending In", "MUST", "None"],
    ["None + Pending Out+In", "MUST", "None + Pending Out"],
    ["To", "MUST NOT", "="],
    ["To + Pending In", "MUST", "To"],
    ["From", "MUST", "None"],
    ["From + Pending Out", "MUST", "None + Pending Out"],
    ["Both", "MUST", "To"],
  ],
  subscribed: [
    ["None", "MUST NOT", "="],
    ["None + Pending Out", "MUST", "To"],
    ["None + Pending In", "MUST NOT", "="],
    ["None + Pending Out+In", "MUST", "To + Pending In"],
    ["To", "MUST NOT", "="],
    ["To + Pending In", "MUST NOT", "="],
    ["From", "MUST NOT", "="],
    ["From + Pending Out", "MUST", "Both"],
    ["Both", "MUST NOT", "="],
  ],
  unsubscribed: [
    ["None", "MUST NOT", "="],
    ["None + Pending Out", "MUST", "None"],
    ["None + Pending In", "MUST NOT", "="],
    ["None + Pending Out+In", "MUST", "None + Pending In"],
    ["To", "MUST", "None"],
    ["To + Pending In", "MUST", "None + Pending In"],
    ["From", "MUST NOT", "="],
    ["From + Pending Out", "MUST", "From"],
    ["Both", "MUST", "From"],
  ],
};

function cells(table: Readonly<Record<SubscriptionType, readonly Row[]>>) {
  return Object.entries(table).flatMap(([type, rows]) =>
    rows.map(([from, goes, to]) => [type as SubscriptionType, from, goes, to] as const),
  );
}

describe("outbound() (RFC 6121 A.2)", () => {
  test.each(cells(OUTBOUND))("%s in %s: %s route, then %s", (type, from, goes, to) => {
    const result = outbound(type, STATES[from]!);
    expect(result.route).toBe(goes === "MUST");
    expect(nameOf(result.state)).toBe(to === "=" ? from : to);
  });

  test.each(["None", "None + Pending Out", "To"])("subscribed in %s approves in advance (3.4.2)", (from) => {
    const result = outbound("subscribed", STATES[from]!);
    expect(result).toEqual({ state: { ...STATES[from]!, approved: true }, route: false, push: true });
  });

  test("unsubscribed takes the approval back (3.4.2)", () => {
    const result = outbound("unsubscribed", { ...STATES.None!, approved: true });
    expect(result).toEqual({ state: STATES.None!, route: false, push: true });
  });

  test.each([
    ["subscribe", "None", true],
    ["subscribe", "None + Pending Out", false],
    ["subscribe", "Both", false],
    ["unsubscribe", "None + Pending In", false],
    ["unsubscribe", "To", true],
    ["subscribed", "To + Pending In", true],
    ["subscribed", "Both", false],
    ["unsubscribed", "None + Pending In", false],
    ["unsubscribed", "Both", true],
  ] as const)("%s in %s: a push is due: %p", (type, from, push) => {
    expect(outbound(type, STATES[from]!).push).toBe(push);
  });
});

describe("inbound() (RFC 6121 A.3)", () => {
  test.each(cells(INBOUND))("%s in %s: %s deliver, then %s", (type, from, goes, to) => {
    const result = inbound(type, STATES[from]!);
    expect(result.deliver).toBe(goes === "MUST");
    expect(nameOf(result.state)).toBe(to === "=" ? from : to);
  });

  test.each(["From", "From + Pending Out", "Both"])("subscribe in %s is answered for the user (3.1.3)", (from) => {
    expect(inbound("subscribe", STATES[from]!).autoReply).toBe("subscribed");
  });

  test.each([
    ["None", "From"],
    ["None + Pending Out", "From + Pending Out"],
    ["To", "Both"],
  ])("subscribe in %s, approved in advance, is granted (3.4.2)", (from, to) => {
    const result = inbound("subscribe", { ...STATES[from]!, approved: true });
    expect(result).toEqual({
      state: { ...STATES[to]!, approved: true },
      deliver: false,
      push: true,
      autoReply: "subscribed",
    });
  });

  test.each([
    ["subscribe", "None", false],
    ["subscribe", "To", false],
    ["unsubscribe", "None + Pending In", false],
    ["unsubscribe", "From", true],
    ["subscribed", "None + Pending Out", true],
    ["subscribed", "None", false],
    ["unsubscribed", "None + Pending Out", true],
    ["unsubscribed", "Both", true],
  ] as const)("%s in %s: a push is due: %p", (type, from, push) => {
    expect(inbound(type, STATES[from]!).push).toBe(push);
  });
});

describe("subscriptionOf() and shownSubscription()", () => {
  test.each([
    ["None", "none", false, false],
    ["None + Pending Out", "none", true, false],
    ["None + Pending In", "none", false, true],
    ["None + Pending Out+In", "none", true, true],
    ["To", "to", false, false],
    ["To + Pending In", "to", false, true],
    ["From", "from", false, false],
    ["From + Pending Out", "from", true, false],
    ["Both", "both", false, false],
  ] as const)("%s is subscription=%s, ask=%p, request=%p", (name, subscription, ask, request) => {
    const state = subscriptionOf(item("romeo@montague.lit", { subscription, ask }), request);
    expect(nameOf(state)).toBe(name);
    expect(shownSubscription(state)).toBe(subscription);
  });

  test("no roster item is None", () => {
    expect(subscriptionOf(undefined, false)).toEqual(STATES.None!);
  });
});
