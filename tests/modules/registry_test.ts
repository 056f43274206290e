import { describe, expect, spyOn, test } from "bun:test";
import { modules } from "../../modules/mod.ts";
import { get, type ServerModule, set } from "../../modules/module.ts";
import { createRegistry } from "../../modules/registry.ts";
import { StanzaError } from "../../xmpp/errors.ts";
import { Stanza } from "../../xmpp/stanza.ts";
import { Element } from "../../xmpp/xml/element.ts";
import { xml } from "../../xmpp/xml/xml.ts";
import { content, FakeContext, ROMEO, SETTINGS } from "./fake_context.ts";

const module: ServerModule = {
  name: "echo",
  xeps: [],
  iq: {
    [get("urn:test", "now")]: () => xml`<now xmlns="urn:test"/>`,
    [get("urn:test", "later")]: async () => xml`<later xmlns="urn:test"/>`,
    [get("urn:test", "mirror")]: ({ payload }) => payload,
    [set("urn:test", "nothing")]: () => undefined,
    [get("urn:test", "refused")]: () => {
      throw new StanzaError("not-allowed");
    },
    [get("urn:test", "refused-later")]: async () => {
      throw new StanzaError("conflict");
    },
    [get("urn:test", "broken")]: () => {
      throw new Error("out of order");
    },
    [get("urn:test", "broken-later")]: async () => {
      throw new Error("out of order");
    },
  },
};

describe("answerIq()", () => {
  test.each([
    ["get", '<now xmlns="urn:test"/>', '<now xmlns="urn:test"/>'],
    ["get", '<later xmlns="urn:test"/>', '<later xmlns="urn:test"/>'],
    ["set", '<nothing xmlns="urn:test"/>', ""],
    ["get", '<refused xmlns="urn:test"/>', "error not-allowed cancel"],
    ["get", '<refused-later xmlns="urn:test"/>', "error conflict cancel"],
    ["get", '<broken xmlns="urn:test"/>', "error internal-server-error cancel"],
    ["get", '<broken-later xmlns="urn:test"/>', "error internal-server-error cancel"],
    ["set", '<now xmlns="urn:test"/>', "error service-unavailable cancel"],
    ["get", '<now xmlns="urn:other"/>', "error service-unavailable cancel"],
    ["get", "", "error bad-request modify"],
    ["get", '<now xmlns="urn:test"/><later xmlns="urn:test"/>', "error bad-request modify"],
    ["fetch", '<now xmlns="urn:test"/>', "error bad-request modify"],
  ])("answers %s %s with %s (RFC 6120 8.2.3)", async (type, inner, expected) => {
    expect(await new FakeContext({ modules: [module] }).askServer(inner, { type })).toBe(expected);
  });

  test.each(["", ' id=""'])("answers a request with%s no id with bad-request (RFC 6120 8.1.3)", async (id) => {
    const context = new FakeContext({ modules: [module] });
    const iq = Stanza.parse(`<iq from="a@b" to="b" type="get"${id}><now xmlns="urn:test"/></iq>`);
    expect(content(await context.registry.answerServer(iq, context))).toBe("error bad-request modify");
  });

  test("makes no promise where the handler makes none", () => {
    const context = new FakeContext({ modules: [module] });
    const iq = Stanza.parse('<iq from="a@b/c" to="b" type="get" id="1"><now xmlns="urn:test"/></iq>');
    const answer = context.registry.answerServer(iq, context);
    expect(answer).toBeInstanceOf(Stanza);
    expect(String(answer)).toBe(
      '<iq xmlns="jabber:client" from="b" to="a@b/c" id="1" type="result"><now xmlns="urn:test"/></iq>',
    );
  });

  test.each([
    ["now", 0],
    ["mirror", 1],
  ])("reads the payload of <%s/>, as its handler asks for it, %i times", async (name, times) => {
    const parse = spyOn(Element, "parse");
    try {
      const payload = `<${name} xmlns="urn:test"/>`;
      expect(await new FakeContext({ modules: [module] }).askServer(payload)).toBe(payload);
      // What the service says of itself is read at its start.
      expect(parse.mock.calls.filter(([text]) => text === payload)).toHaveLength(times);
    } finally {
      parse.mockRestore();
    }
  });

  test("logs what a handler has thrown", async () => {
    const context = new FakeContext({ modules: [module] });
    await context.askServer('<broken xmlns="urn:test"/>');
    expect(context.deeds).toEqual([["log", "error", "iq handler failed"]]);
  });

  test("answers a stranger's IQ to an account as if there were none (RFC 6121 8.5.1)", async () => {
    const context = new FakeContext({ modules: [module] });
    expect(await context.ask('<now xmlns="urn:test"/>')).toBe('<now xmlns="urn:test"/>');
    expect(await context.ask('<now xmlns="urn:test"/>', { from: ROMEO })).toBe("error service-unavailable cancel");
  });
});

describe("createRegistry()", () => {
  const handler = { [get("urn:test", "now")]: () => undefined };

  test.each([
    ["iq and serverIq", { iq: handler }, { serverIq: handler }],
    ["iq and accountIq", { iq: handler }, { accountIq: handler }],
    ["preAuthIq twice", { preAuthIq: handler }, { preAuthIq: handler }],
  ])("throws when two modules claim one key: %s", (_what, a: Partial<ServerModule>, b: Partial<ServerModule>) => {
    const both = [
      { name: "first", xeps: [], ...a },
      { name: "second", xeps: [], ...b },
    ];
    expect(() => createRegistry(both, SETTINGS)).toThrow(/second.*get urn:test now.*first/);
  });

  test("takes one key for the domain and for accounts", () => {
    const both = [
      { name: "first", xeps: [], serverIq: handler },
      { name: "second", xeps: [], accountIq: handler },
    ];
    expect(() => createRegistry(both, SETTINGS)).not.toThrow();
  });

  test("takes all modules of ampact, each with a name of its own", () => {
    expect(() => createRegistry(modules, SETTINGS)).not.toThrow();
    expect(new Set(modules.map((one) => one.name)).size).toBe(modules.length);
  });

  test("announces features before and after authentication", () => {
    const registry = createRegistry(modules, SETTINGS);
    const names = (stage: "auth" | "bind") =>
      registry.streamFeatures(stage).flatMap((markup) => markup.text.match(/xmlns="[^"]*"/g));
    expect(names("auth")).toEqual(['xmlns="http://jabber.org/features/iq-register"']);
    expect(names("bind")).toEqual([
      'xmlns="http://jabber.org/features/amp"',
      'xmlns="http://jabber.org/protocol/caps"',
      'xmlns="urn:xmpp:sm:3"',
      'xmlns="urn:xmpp:csi:0"',
      'xmlns="urn:xmpp:features:rosterver"',
      'xmlns="urn:xmpp:features:pre-approval"',
    ]);
  });
});
