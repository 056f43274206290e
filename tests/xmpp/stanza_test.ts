import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { StanzaError, StreamError } from "../../xmpp/errors.ts";
import { Jid } from "../../xmpp/jid.ts";
import { NS } from "../../xmpp/ns.ts";
import { Stanza } from "../../xmpp/stanza.ts";
import { Element } from "../../xmpp/xml/element.ts";
import { scanElement } from "../../xmpp/xml/element_reader.ts";
import { DEFAULT_XML_LIMITS } from "../../xmpp/xml/scanned_element.ts";
import { raw, xml } from "../../xmpp/xml/xml.ts";
import { plainDocuments } from "./xml/arbitrary_xml.ts";

const romeo = Jid.parse("romeo@example.net/orchard");
const juliet = Jid.parse("juliet@example.com/balcony");
const TEXT =
  `<message xmlns="jabber:client" from="romeo@example.net/orchard" to="juliet@example.com/balcony" id="1" type="chat"` +
  ` xml:lang="en"><body>a &lt; b</body> <active xmlns="http://jabber.org/protocol/chatstates"/><body xml:lang="de">c</body></message>`;

const fromText = (text: string) => Stanza.fromScanned(scanElement(text, DEFAULT_XML_LIMITS));

function thrownBy(run: () => unknown): unknown {
  try {
    run();
  } catch (error) {
    return error;
  }
  return undefined;
}

describe("Stanza.fromScanned()", () => {
  const long = "u".repeat(256);
  test.each([
    ["elements", `<c>${"<a:b/>".repeat(9_000)}</c>`],
    ["attributes", `<c>${'<b a:b=""/>'.repeat(9_000)}</c>`],
  ])("a long namespace is not written out for each of many %s", (_what, inner) => {
    const error = thrownBy(() => fromText(`<message xmlns="jabber:client" xmlns:a="${long}">${inner}</message>`));
    expect(error).toBeInstanceOf(StreamError);
    expect((error as StreamError).condition).toBe("policy-violation");
  });

  test("reads the attributes of RFC 6120 section 8.1", () => {
    const stanza = fromText(TEXT);
    expect([stanza.name, stanza.from, stanza.to, stanza.id, stanza.type, stanza.lang]).toEqual([
      "message",
      romeo,
      juliet,
      "1",
      "chat",
      "en",
    ]);
    expect(stanza.toString()).toBe(TEXT);
    expect(Math.abs(stanza.size - TEXT.length)).toBeLessThan(200);
  });

  test("has offsets of children into inner", () => {
    const { inner, children } = fromText(TEXT);
    expect(children.map(({ start, end }) => inner.slice(start, end))).toEqual([
      "<body>a &lt; b</body>",
      `<active xmlns="http://jabber.org/protocol/chatstates"/>`,
      `<body xml:lang="de">c</body>`,
    ]);
  });

  test.each([
    [`<message xmlns="urn:x"/>`, "invalid-namespace"],
    ["<message/>", "invalid-namespace"],
    [`<foo xmlns="jabber:client"/>`, "unsupported-stanza-type"],
  ])("refuses %j: %s", (text, condition) => {
    const error = thrownBy(() => fromText(text));
    expect(error).toBeInstanceOf(StreamError);
    expect((error as StreamError).condition as string).toBe(condition);
  });

  test("refuses a malformed address, and hands over the stanza without it", () => {
    const error = thrownBy(() =>
      fromText(`<iq xmlns="jabber:client" to="a@b@c" from="${romeo}" id="1" type="get"><x/></iq>`),
    );
    expect(error).toBeInstanceOf(StanzaError);
    const { condition, type, stanza } = error as StanzaError;
    expect([condition, type]).toEqual(["jid-malformed", "modify"]);
    expect(stanza?.toString()).toBe(`<iq xmlns="jabber:client" from="${romeo}" id="1" type="get"><x/></iq>`);
  });

  test("keeps attributes it does not know, but those with a prefix", () => {
    const stanza = fromText(`<iq xmlns="jabber:client" a="&lt;" p:b="1" xmlns:p="urn:p" xml:space="preserve" id="1"/>`);
    expect(stanza.toString()).toBe(`<iq xmlns="jabber:client" id="1" a="&lt;" xml:space="preserve"/>`);
  });

  test("writes prefixed elements anew without prefixes", () => {
    const stanza = fromText(
      `<c:message xmlns:c="jabber:client" id="1"><c:body>a&lt;</c:body><x xmlns="urn:x"><c:y/></x><z/></c:message>`,
    );
    expect(stanza.toString()).toBe(
      `<message xmlns="jabber:client" id="1"><body>a&lt;</body>` +
        `<x xmlns="urn:x"><y xmlns="jabber:client"/></x><z xmlns=""/></message>`,
    );
    expect(stanza.has("body", NS.CLIENT)).toBe(true);
    expect(stanza.has("z", "")).toBe(true);
  });

  test("keeps prefixed attributes of children, declared where they stand", () => {
    const text = `<message xmlns="jabber:client" xmlns:p="urn:p"><x p:a="1"/></message>`;
    const written = `<message xmlns="jabber:client"><x xmlns:p="urn:p" p:a="1"/></message>`;
    expect(fromText(text).toString()).toBe(written);
    expect(Stanza.parse(written).toString()).toBe(written);
  });
});

describe("Stanza.parse()", () => {
  test("assumes jabber:client", () => {
    expect(Stanza.parse("<presence/>").toString()).toBe(`<presence xmlns="jabber:client"/>`);
    expect(() => Stanza.parse(`<presence xmlns="urn:x"/>`)).toThrow(StreamError);
  });

  test("reads back what toString() wrote", () => {
    fc.assert(
      fc.property(plainDocuments, fc.string({ unit: "grapheme" }), ({ text }, id) => {
        const stanza = Stanza.build("message", { from: romeo, to: juliet, id, lang: "en" }, raw(text));
        const again = Stanza.parse(stanza.toString());
        expect(again.toString()).toBe(stanza.toString());
        expect([again.id, again.inner]).toEqual([id, text]);
        expect(again.children).toEqual(stanza.children);
      }),
    );
  });
});

describe("Stanza payloads", () => {
  test("are found by name and namespace", () => {
    const stanza = fromText(TEXT);
    expect(stanza.has("active", NS.CHATSTATES)).toBe(true);
    expect(stanza.has("active", NS.CLIENT)).toBe(false);
    expect(stanza.payload("body", NS.CLIENT)?.text).toBe("a < b");
    expect(stanza.payload("body", "urn:x")).toBeUndefined();
    expect(stanza.payloadText("active", NS.CHATSTATES)).toBe(`<active xmlns="http://jabber.org/protocol/chatstates"/>`);
    expect(stanza.firstPayload()?.name).toBe("body");
    expect(Stanza.build("iq", {}).firstPayload()).toBeUndefined();
  });

  test("are parsed once, and stay parsed in stanzas made from it", () => {
    const stanza = fromText(TEXT);
    const body = stanza.payload("body", NS.CLIENT);
    expect(stanza.payload("body", NS.CLIENT)).toBe(body);
    expect(stanza.readdress({ to: romeo }).payload("body", NS.CLIENT)).toBe(body);
    expect(stanza.with("<x/>").payload("body", NS.CLIENT)).toBe(body);
    expect(
      stanza
        .with("<x/>")
        .without(({ name }) => name === "active")
        .payload("body", NS.CLIENT),
    ).toBe(body);
  });
});

describe("Stanza changes", () => {
  test("readdress() replaces the keys that are present", () => {
    const stanza = fromText(TEXT).readdress({ from: undefined, to: romeo.bare, type: "normal" });
    expect(stanza.toString()).toBe(
      TEXT.replace(` from="${romeo}" to="${juliet}" id="1" type="chat"`, ` to="${romeo.bare}" id="1" type="normal"`),
    );
  });

  test("readdress() leaves the inner text as it is", () => {
    fc.assert(
      fc.property(plainDocuments, ({ text }) => {
        const stanza = fromText(`<message xmlns="jabber:client" to="${juliet}">${text}</message>`);
        const moved = stanza.readdress({ to: romeo, from: juliet, id: "<2>", type: undefined });
        expect(stanza.inner).toBe(text);
        expect(moved.inner).toBe(text);
        expect(moved.children).toBe(stanza.children);
        expect(moved.toString().endsWith(`id="&lt;2&gt;">${text}</message>`)).toBe(true);
      }),
    );
  });

  test("with() appends at the end", () => {
    const stanza = Stanza.build("message", { to: juliet }, xml`<a/>`)
      .with(xml`<stanza-id xmlns="${NS.SID}" id="1"/>`)
      .with(new Element("b", NS.CLIENT))
      .with("<c/><d/>");
    expect(stanza.inner).toBe(`<a/><stanza-id xmlns="urn:xmpp:sid:0" id="1"/><b/><c/><d/>`);
    expect(stanza.children.map(({ start, end }) => stanza.inner.slice(start, end))).toEqual([
      "<a/>",
      `<stanza-id xmlns="urn:xmpp:sid:0" id="1"/>`,
      "<b/>",
      "<c/>",
      "<d/>",
    ]);
    expect(stanza.payload("stanza-id", NS.SID)?.attr("id")).toBe("1");
  });

  test("without() takes out the children that match", () => {
    const stanza = fromText(TEXT);
    const shorter = stanza.without((child, text) => child.name === "body" && text.includes("&lt;"));
    expect(shorter.inner).toBe(` <active xmlns="http://jabber.org/protocol/chatstates"/><body xml:lang="de">c</body>`);
    expect(shorter.payloadText("body", NS.CLIENT)).toBe(`<body xml:lang="de">c</body>`);
    expect(stanza.without(() => true).inner).toBe(" ");
    expect(stanza.without(() => false)).toBe(stanza);
    expect(stanza.withoutPayloads("body", NS.CLIENT).inner).toBe(stanza.without(({ name }) => name === "body").inner);
    expect(stanza.withoutPayloads("body", NS.SID)).toBe(stanza);
  });

  test("the original stays as it was", () => {
    const stanza = fromText(TEXT);
    stanza.readdress({ to: romeo });
    stanza.with("<x/>");
    stanza.without(() => true);
    expect(stanza.toString()).toBe(TEXT);
    expect(stanza.children).toHaveLength(3);
  });
});

describe("Stanza answers", () => {
  const get = Stanza.build("iq", { from: romeo, to: juliet, id: "7", type: "get" }, xml`<ping xmlns="${NS.PING}"/>`);

  test("result() swaps the addresses", () => {
    expect(get.result().toString()).toBe(
      `<iq xmlns="jabber:client" from="${juliet}" to="${romeo}" id="7" type="result"/>`,
    );
    expect(get.result(new Element("q", NS.CLIENT)).inner).toBe("<q/>");
  });

  test("error() swaps the addresses and carries no payload", () => {
    const error = new StanzaError("service-unavailable");
    expect(get.error(error).toString()).toBe(
      `<iq xmlns="jabber:client" from="${juliet}" to="${romeo}" id="7" type="error">${error.toMarkup()}</iq>`,
    );
    expect(get.error(error, juliet.bare).from).toBe(juliet.bare);
  });

  test("values are escaped", () => {
    const jid = Jid.parse(`a@b/<"'&`);
    const stanza = Stanza.build("presence", { to: jid, id: `"\n` });
    expect(stanza.toString()).toBe(`<presence xmlns="jabber:client" to="a@b/&lt;&quot;&apos;&amp;" id="&quot;&#10;"/>`);
    expect(Stanza.parse(stanza.toString())).toMatchObject({ to: jid, id: `"\n` });
  });
});
