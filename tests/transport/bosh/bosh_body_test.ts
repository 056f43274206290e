import { describe, expect, test } from "bun:test";
import { BoshError, readBody, writeBody } from "../../../transport/bosh/bosh_body.ts";
import { NS } from "../../../xmpp/ns.ts";
import { Stanza } from "../../../xmpp/stanza.ts";
import { DEFAULT_XML_LIMITS } from "../../../xmpp/xml/scanned_element.ts";
import { attr } from "../../../xmpp/xml/xml.ts";

const H = `xmlns="${NS.HTTPBIND}"`;

describe("readBody()", () => {
  test("reads the attributes, whatever the prefix of XEP-0206", () => {
    const body = readBody(
      `<?xml version="1.0"?> <body ${H} xmlns:a="${NS.XBOSH}" rid="12" sid="S" to="localhost" xml:lang="en" a:version="1.0" a:restart="true"/>`,
      DEFAULT_XML_LIMITS,
    );
    expect(body).toMatchObject({
      rid: 12,
      sid: "S",
      xmppVersion: "1.0",
      restart: true,
      payloads: [],
      fault: undefined,
    });
    expect(Object.fromEntries(body.attributes)).toEqual({ rid: "12", sid: "S", to: "localhost", "xml:lang": "en" });
  });

  test("takes no attribute of another namespace for one of its own", () => {
    const body = readBody(`<body ${H} xmlns:x="urn:x" rid="1" x:restart="true" x:sid="S"/>`, DEFAULT_XML_LIMITS);
    expect(body).toMatchObject({ restart: false, sid: undefined });
  });

  test.each([
    ["its own namespace", `<message xmlns="jabber:client"><body>x</body></message>`],
    ["none", "<message><body>x</body></message>"],
  ])("reads a stanza with %s as one in jabber:client", (_what, text) => {
    const { payloads } = readBody(`<body ${H} rid="1">\n ${text} <presence/></body>`, DEFAULT_XML_LIMITS);
    expect(payloads.map(({ name, ns }) => [name, ns])).toEqual([
      ["message", NS.CLIENT],
      ["presence", NS.CLIENT],
    ]);
    expect(Stanza.fromScanned(payloads[0]!).toString()).toBe('<message xmlns="jabber:client"><body>x</body></message>');
  });

  test("keeps the meaning of a prefix that the wrapper declares", () => {
    const { payloads } = readBody(`<body ${H} xmlns:x="urn:x" rid="1"><message><x:y a="1"/></message></body>`, {
      ...DEFAULT_XML_LIMITS,
    });
    const stanza = Stanza.fromScanned(payloads[0]!);
    expect(stanza.payload("y", "urn:x")?.attr("a")).toBe("1");
  });

  test("reads what a prefix stands for as XML has it", () => {
    const { payloads } = readBody(`<body ${H} xmlns:x="urn:a&amp;b" rid="1"><message><x:y/></message></body>`, {
      ...DEFAULT_XML_LIMITS,
    });
    expect(payloads[0]?.children[0]?.ns).toBe("urn:a&b");
  });

  test("a name as long as a body may be costs no more than any other", () => {
    const prefix = "p".repeat(150_000);
    const text = `<${prefix}:body xmlns:${prefix}="${NS.HTTPBIND}" rid="1"/>`;
    const start = performance.now();
    expect(readBody(text, DEFAULT_XML_LIMITS).rid).toBe(1);
    expect(performance.now() - start).toBeLessThan(1000);
  });

  test.each([
    ["no XML", "hello"],
    ["nothing", ""],
    ["two roots", `<body ${H} rid="1"/><body ${H} rid="2"/>`],
    ["an open element", `<body ${H} rid="1">`],
    ["a comment", `<body ${H} rid="1"><!-- x --></body>`],
    ["a document type", `<!DOCTYPE body><body ${H} rid="1"/>`],
    ["another namespace", '<body xmlns="urn:x" rid="1"/>'],
    ["another name", `<bodi ${H} rid="1"/>`],
    ["text", `<body ${H} rid="1">x</body>`],
    ["text between payloads", `<body ${H} rid="1"><presence/>x<presence/></body>`],
    ["an undeclared prefix", `<body ${H} rid="1" xmpp:version="1.0"/>`],
    ["no rid", `<body ${H}/>`],
    ["a negative rid", `<body ${H} rid="-1"/>`],
    ["rid 0", `<body ${H} rid="0"/>`],
    ["a rid beyond 2^53-1", `<body ${H} rid="9007199254740992"/>`],
    ["a rid that is no number", `<body ${H} rid="1e3"/>`],
  ])("refuses %s with bad-request", (_what, text) => {
    expect(() => readBody(text, DEFAULT_XML_LIMITS)).toThrow(new BoshError("bad-request"));
  });

  test("accepts the highest rid", () => {
    expect(readBody(`<body ${H} rid="9007199254740991"/>`, DEFAULT_XML_LIMITS).rid).toBe(Number.MAX_SAFE_INTEGER);
  });

  const small = { ...DEFAULT_XML_LIMITS, maxBytes: 200 };

  test("refuses a wrapper beyond its limit with policy-violation", () => {
    const payload = `<presence><status>${"x".repeat(100)}</status></presence>`;
    const text = `<body ${H} rid="1">${payload.repeat(4)}</body>`;
    expect(() => readBody(text, small)).toThrow(new BoshError("policy-violation"));
  });

  test("reports a payload beyond its limit, after those before it", () => {
    const big = `<presence><status>${"x".repeat(220)}</status></presence>`;
    const { payloads, fault } = readBody(`<body ${H} rid="1"><presence/>${big}</body>`, small);
    expect(payloads).toHaveLength(1);
    expect(fault?.condition).toBe("policy-violation");
  });
});

describe("writeBody()", () => {
  test.each([
    [{}, `<body ${H}/>`],
    [{ type: "terminate", condition: "item-not-found" }, `<body ${H} type="terminate" condition="item-not-found"/>`],
    [{ attributes: attr("ack", 7) }, `<body ${H} ack="7"/>`],
    [{ payloads: ["<a/>", "<b/>"] }, `<body ${H}><a/><b/></body>`],
    [
      { payloads: ["<stream:features/>"] },
      `<body ${H} xmlns:stream="http://etherx.jabber.org/streams"><stream:features/></body>`,
    ],
  ] as const)("writes %j", (body, expected) => {
    expect(writeBody(body)).toBe(expected);
  });
});
