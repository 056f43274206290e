import { describe, expect, test } from "bun:test";
import { blocking } from "../../modules/blocking.ts";
import { BALCONY, CHAMBER, FakeContext, type FakeOptions, item, ROMEO, resource } from "./fake_context.ts";

function account(options: FakeOptions = {}): FakeContext {
  return new FakeContext({
    modules: [blocking],
    roster: [
      item("romeo@montague.lit", { subscription: "both" }),
      item("iago@shakespeare.lit", { subscription: "to" }),
      item("paris@montague.lit", { subscription: "from" }),
    ],
    resources: [resource(CHAMBER, { presence: "<show>away</show>" }), resource(BALCONY, { available: false })],
    ...options,
  });
}

const block = (...jids: string[]) => wrap("block", jids);
const unblock = (...jids: string[]) => wrap("unblock", jids);
const LIST = '<blocklist xmlns="urn:xmpp:blocking"/>';

function wrap(name: string, jids: readonly string[]): string {
  return `<${name} xmlns="urn:xmpp:blocking">${jids.map((jid) => `<item jid="${jid}"/>`).join("")}</${name}>`;
}

describe("blocking (XEP-0191)", () => {
  test.each([
    ["3.2 the list", "get", LIST, wrap("blocklist", ["iago@shakespeare.lit", "evil.lit"])],
    ["3.3 block", "set", block("a@b", "c"), ""],
    ["3.3 block without an item", "set", block(), "error bad-request modify"],
    ["3.3 block a bad JID", "set", block("@b"), "error bad-request modify"],
    [
      "3.3 block an item without a JID",
      "set",
      '<block xmlns="urn:xmpp:blocking"><item/></block>',
      "error bad-request modify",
    ],
    ["3.4 unblock", "set", unblock("evil.lit"), ""],
    ["3.4 unblock who is not blocked", "set", unblock("a@b"), "error item-not-found cancel"],
    ["3.4 unblock a bad JID", "set", unblock("@b"), "error bad-request modify"],
    ["3.5 unblock all", "set", unblock(), ""],
  ])("%s", async (_clause, type, request, expected) => {
    const context = account({ blocked: ["iago@shakespeare.lit", "evil.lit"] });
    expect(await context.ask(request, { type })).toBe(expected);
  });

  test.each([
    ["get", LIST],
    ["set", block("a@b")],
    ["set", unblock()],
  ])("refuses a stranger: %s %s", async (type, request) => {
    const context = account();
    expect(await context.ask(request, { type, from: ROMEO })).toBe("error forbidden auth");
    expect(context.deeds).toEqual([]);
  });

  test("3.3 pushes to the resources that have asked for the list", async () => {
    const context = account();
    await context.ask(LIST);
    await context.ask(block("a@b"), { type: "set" });
    expect(context.done("block")).toEqual([[["a@b"]]]);
    expect(context.done("toResource")).toEqual([
      [
        "chamber",
        '<iq xmlns="jabber:client" from="juliet@capulet.lit" to="juliet@capulet.lit/chamber" id="new1" type="set">' +
          '<block xmlns="urn:xmpp:blocking"><item jid="a@b"/></block></iq>',
      ],
    ]);
  });

  test("3.5 pushes that all are unblocked", async () => {
    const context = account({ blocked: ["a@b"] });
    await context.ask(LIST);
    await context.ask(unblock(), { type: "set" });
    expect(context.done("unblock")).toEqual([[undefined]]);
    expect(String(context.done("toResource")[0]?.[1])).toContain('<unblock xmlns="urn:xmpp:blocking"></unblock>');
  });

  test("3.3 shows the user offline to blocked contacts who could see the presence, and to no other", async () => {
    const context = account();
    await context.ask(block("montague.lit", "iago@shakespeare.lit"), { type: "set" });
    const gone = (to: string) => [
      `<presence xmlns="jabber:client" from="juliet@capulet.lit/chamber" to="${to}" type="unavailable"/>`,
    ];
    expect(context.done("route")).toEqual([gone("romeo@montague.lit"), gone("paris@montague.lit")]);
  });

  test("3.4 shows the current presence to unblocked contacts, unless another entry blocks them", async () => {
    const context = account({ blocked: ["montague.lit", "paris@montague.lit"] });
    await context.ask(unblock("montague.lit"), { type: "set" });
    expect(context.done("route")).toEqual([
      [
        '<presence xmlns="jabber:client" from="juliet@capulet.lit/chamber" to="romeo@montague.lit"><show>away</show></presence>',
      ],
    ]);
  });
});
