import { describe, expect, test } from "bun:test";
import {
  inboundEffects,
  outboundEffects,
  removalEffects,
  type SubscriptionEffect,
  type SubscriptionView,
} from "../../../modules/roster/subscription_flow.ts";
import type { RosterItem } from "../../../store/store.ts";
import { Jid } from "../../../xmpp/jid.ts";
import { Stanza } from "../../../xmpp/stanza.ts";
import { item, JULIET } from "../fake_context.ts";

const ROMEO = "romeo@montague.lit";
const REQUEST = { from: ROMEO, text: "<presence/>" };

function view(known?: Partial<RosterItem>, request = false, exists = true): SubscriptionView {
  const roster = new Map(known === undefined ? [] : [[ROMEO, item(ROMEO, known)]]);
  return { owner: JULIET, exists, roster, requests: new Map(request ? [[ROMEO, REQUEST]] : []) };
}

function presence(type: string, from: string, to: string): Stanza {
  return Stanza.parse(`<presence from="${from}" to="${to}" type="${type}" id="s1"><status>hi</status></presence>`);
}

/** One short line for each effect. */
function lines(effects: readonly SubscriptionEffect[]): string[] {
  return effects.map((effect) => {
    switch (effect.kind) {
      case "putItem": {
        const { subscription, ask, approved, name } = effect.item;
        return `putItem ${name || "-"} ${subscription}${ask ? " ask" : ""}${approved ? " approved" : ""}`;
      }
      case "putRequest":
        return `putRequest ${effect.request.from}`;
      case "removeItem":
        return `removeItem ${effect.jid}`;
      case "removeRequest":
        return `removeRequest ${effect.from}`;
      case "route":
        return `route ${effect.stanza.type} ${effect.stanza.from} ${effect.stanza.to}`;
      case "deliver":
        return `deliver ${effect.to} ${effect.stanza.type} ${effect.stanza.from} ${effect.stanza.to}`;
      case "changed":
        return `changed ${effect.from}`;
      default:
        return `${effect.kind} ${effect.to}`;
    }
  });
}

const ROUTE = (type: string) => `route ${type} juliet@capulet.lit ${ROMEO}`;

describe("outboundEffects()", () => {
  test.each([
    ["3.1.2 subscribe, no item", "subscribe", view(), ["putItem - none ask", ROUTE("subscribe")]],
    ["3.1.2 subscribe keeps the name", "subscribe", view({ name: "R" }), ["putItem R none ask", ROUTE("subscribe")]],
    ["3.1.2 subscribe again", "subscribe", view({ ask: true }), [ROUTE("subscribe")]],
    [
      "3.1.5 subscribed to a request",
      "subscribed",
      view(undefined, true),
      [`removeRequest ${ROMEO}`, "putItem - from", ROUTE("subscribed"), `sendPresence ${ROMEO}`, "changed true"],
    ],
    ["3.4.2 subscribed in advance", "subscribed", view(), ["putItem - none approved"]],
    ["A.2.3 subscribed again", "subscribed", view({ subscription: "both" }), []],
    [
      "3.2.2 unsubscribed",
      "unsubscribed",
      view({ subscription: "both" }),
      ["putItem - to", ROUTE("unsubscribed"), `sendUnavailable ${ROMEO}`, "changed false"],
    ],
    [
      "3.1.5 unsubscribed denies a request",
      "unsubscribed",
      view(undefined, true),
      [`removeRequest ${ROMEO}`, ROUTE("unsubscribed")],
    ],
    ["3.3.2 unsubscribe", "unsubscribe", view({ subscription: "to" }), ["putItem - none", ROUTE("unsubscribe")]],
    ["not a subscription", "probe", view(), []],
  ] as const)("%s", (_clause, type, account, expected) => {
    const stanza = presence(type, "juliet@capulet.lit/chamber", `${ROMEO}/garden`);
    expect(lines(outboundEffects(stanza, account))).toEqual([...expected]);
  });

  test("keeps the content of the stanza (3.1.1)", () => {
    const [, route] = outboundEffects(presence("subscribe", "juliet@capulet.lit/chamber", ROMEO), view());
    expect(route?.kind === "route" && route.stanza.inner).toBe("<status>hi</status>");
  });

  test("does nothing for one's own address", () => {
    const stanza = presence("subscribe", "juliet@capulet.lit/chamber", "juliet@capulet.lit");
    expect(outboundEffects(stanza, view())).toEqual([]);
  });
});

describe("inboundEffects()", () => {
  test.each([
    [
      "3.1.3 subscribe",
      "subscribe",
      view(),
      [`putRequest ${ROMEO}`, `deliver available subscribe ${ROMEO} juliet@capulet.lit`],
    ],
    ["3.1.3 subscribe again", "subscribe", view(undefined, true), []],
    [
      "3.1.3 subscribe by a subscriber",
      "subscribe",
      view({ subscription: "from" }),
      [ROUTE("subscribed"), `sendPresence ${ROMEO}`],
    ],
    [
      "3.4.2 subscribe, approved in advance",
      "subscribe",
      view({ approved: true }),
      ["putItem - from approved", ROUTE("subscribed"), `sendPresence ${ROMEO}`, "changed true"],
    ],
    ["3.1.3 subscribe, no such account", "subscribe", view(undefined, false, false), [ROUTE("unsubscribed")]],
    ["3.1.6 subscribed, no such account", "subscribed", view(undefined, false, false), []],
    [
      "3.1.6 subscribed",
      "subscribed",
      view({ ask: true }),
      ["putItem - to", `deliver interested subscribed ${ROMEO} juliet@capulet.lit`],
    ],
    ["3.1.6 subscribed that nobody asked for", "subscribed", view(), []],
    [
      "3.2.3 unsubscribed",
      "unsubscribed",
      view({ subscription: "both" }),
      ["putItem - from", `deliver interested unsubscribed ${ROMEO} juliet@capulet.lit`],
    ],
    [
      "3.3.3 unsubscribe",
      "unsubscribe",
      view({ subscription: "from" }),
      [
        "putItem - none",
        `deliver interested unsubscribe ${ROMEO} juliet@capulet.lit`,
        `sendUnavailable ${ROMEO}`,
        "changed false",
      ],
    ],
    [
      "A.3.2 unsubscribe withdraws a request",
      "unsubscribe",
      view(undefined, true),
      [`removeRequest ${ROMEO}`, `deliver interested unsubscribe ${ROMEO} juliet@capulet.lit`],
    ],
    ["3.3.3 unsubscribe by a stranger", "unsubscribe", view(), []],
  ] as const)("%s", (_clause, type, account, expected) => {
    const stanza = presence(type, `${ROMEO}/garden`, "juliet@capulet.lit");
    expect(lines(inboundEffects(stanza, account))).toEqual([...expected]);
  });

  test("keeps of a request of unlikely length only who has asked", () => {
    const stanza = presence("subscribe", ROMEO, "juliet@capulet.lit").with(
      `<note xmlns="x">${"x".repeat(10_000)}</note>`,
    );
    const [request, delivery] = inboundEffects(stanza, view());
    expect(request?.kind === "putRequest" && Stanza.parse(request.request.text).inner).toBe("");
    expect(delivery?.kind === "deliver" && delivery.stanza.inner.length).toBeGreaterThan(10_000);
  });

  test("keeps the whole request for later (3.1.3)", () => {
    const [request] = inboundEffects(presence("subscribe", `${ROMEO}/garden`, "juliet@capulet.lit"), view());
    expect(request?.kind === "putRequest" && request.request.text).toBe(
      `<presence xmlns="jabber:client" from="${ROMEO}" to="juliet@capulet.lit" id="s1" type="subscribe"><status>hi</status></presence>`,
    );
  });
});

describe("removalEffects() (RFC 6121 2.5.2)", () => {
  const both = [ROUTE("unsubscribe"), ROUTE("unsubscribed"), `sendUnavailable ${ROMEO}`, "changed false"];
  test.each([
    ["none", view({}), []],
    ["to", view({ subscription: "to" }), [ROUTE("unsubscribe")]],
    ["pending out", view({ ask: true }), [ROUTE("unsubscribe")]],
    ["from", view({ subscription: "from" }), both.slice(1)],
    ["both", view({ subscription: "both" }), both],
    ["pending in", view({}, true), [`removeRequest ${ROMEO}`, ROUTE("unsubscribed")]],
  ] as const)("%s", (_state, account, expected) => {
    expect(lines(removalEffects(Jid.parse(ROMEO), account))).toEqual([`removeItem ${ROMEO}`, ...expected]);
  });
});
