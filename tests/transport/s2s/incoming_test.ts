import { afterAll, afterEach, describe, expect, test } from "bun:test";
import { TestAuthority } from "../../../chaos/test_authority.ts";
import { DialbackKeys } from "../../../transport/s2s/dialback_key.ts";
import type { S2sSettings } from "../../../transport/s2s/s2s_settings.ts";
import { NS } from "../../../xmpp/ns.ts";
import { LinkEnd, TestDns, until } from "./link_end.ts";
import { type HeaderWish, header, RawPeer } from "./raw_peer.ts";

const authority = new TestAuthority();
const own = authority.issue("a.lab");
const theirs = authority.issue("b.lab");
let ends: LinkEnd[] = [];
let peers: RawPeer[] = [];
afterEach(async () => {
  for (const peer of peers) peer.stop();
  await Promise.all(ends.map((end) => end.stop()));
  ends = [];
  peers = [];
});
afterAll(() => authority.remove());

interface Listening {
  readonly end: LinkEnd;
  readonly dns: TestDns;
  readonly port: number;
}

async function listening(settings: Partial<S2sSettings> = {}): Promise<Listening> {
  const dns = new TestDns();
  const end = new LinkEnd({ domains: ["a.lab", "also.a.lab"], dns, certificate: own, ca: authority.root, settings });
  ends.push(end);
  const port = await end.listen();
  dns.put("a.lab", port);
  return { end, dns, port };
}

async function peerOf(made: Promise<RawPeer>): Promise<RawPeer> {
  const peer = await made;
  peers.push(peer);
  return peer;
}

describe("the header", () => {
  test.each<[string, HeaderWish, string]>([
    ["for a client", { ns: NS.CLIENT }, "invalid-namespace"],
    ["for a domain that is not served", { to: "c.lab" }, "host-unknown"],
    ["without a domain", { to: "" }, "improper-addressing"],
    ["with a bare JID for a domain", { to: "juliet@a.lab" }, "improper-addressing"],
    ["from a bare JID", { from: "romeo@b.lab" }, "invalid-from"],
    ["from ourselves", { from: "also.a.lab" }, "policy-violation"],
    ["from a domain that is denied", { from: "denied.lab" }, "policy-violation"],
    ["from a domain below one that is denied", { from: "x.below.lab" }, "policy-violation"],
    ["of another version", { version: "" }, "unsupported-version"],
  ])("%s is refused", async (_, wish, condition) => {
    const { port } = await listening({ deny: ["denied.lab", "*.below.lab"] });
    const peer = await peerOf(RawPeer.connect(port));
    const text = await peer.askLast(header(wish));
    expect(text).toContain(`<${condition} xmlns="${NS.STREAMS}"`);
    expect(text).toStartWith("<?xml");
    expect(text).toEndWith("</stream:stream>");
  });

  test("s2s.allow names the only ones", async () => {
    const { port } = await listening({ allow: ["c.lab"] });
    expect(await (await peerOf(RawPeer.connect(port))).askLast(header())).toContain("policy-violation");
    expect(await (await peerOf(RawPeer.open(port, { from: "c.lab" }))).text).toContain("<starttls");
  });
});

describe("before TLS", () => {
  test("nothing but STARTTLS is offered, and it is required", async () => {
    const { port } = await listening();
    const { text } = await peerOf(RawPeer.open(port));
    expect(text).toContain(`<starttls xmlns="${NS.TLS}"><required/></starttls></stream:features>`);
  });

  test.each([
    ["a dialback key", "<db:result from='b.lab' to='a.lab'>key</db:result>", "policy-violation"],
    ["a question about a key", "<db:verify from='b.lab' to='a.lab' id='x'>key</db:verify>", "policy-violation"],
    ["SASL", `<auth xmlns='${NS.SASL}' mechanism='EXTERNAL'>=</auth>`, "policy-violation"],
    ["a stanza", "<message from='x@b.lab' to='y@a.lab'/>", "not-authorized"],
    ["XEP-0198", `<enable xmlns='${NS.SM}'/>`, "not-authorized"],
  ])("%s is refused", async (_, text, condition) => {
    const { end, port } = await listening();
    expect(await (await peerOf(RawPeer.open(port))).askLast(text)).toContain(condition);
    expect(end.stanzas).toEqual([]);
  });

  test("what is injected behind <starttls/> ends the connection", async () => {
    const { end, port } = await listening();
    const peer = await peerOf(RawPeer.open(port));
    await peer.askLast(`<starttls xmlns='${NS.TLS}'/><message from='x@b.lab' to='y@a.lab'/>`);
    expect(end.stanzas).toEqual([]);
  });
});

describe("dialback", () => {
  const key = (id: string, text: string) => `<db:result from='b.lab' to='a.lab' id='${id}'>${text}</db:result>`;
  const byDialback = { auth: ["dialback"] } as const;

  async function withAuthority(settings: Partial<S2sSettings> = {}): Promise<Listening & { readonly b: LinkEnd }> {
    const made = await listening({ ...byDialback, ...settings });
    const b = new LinkEnd({
      domains: ["b.lab"],
      dns: made.dns,
      certificate: theirs,
      ca: authority.root,
      settings: byDialback,
    });
    ends.push(b);
    made.dns.put("b.lab", await b.listen());
    return { ...made, b };
  }
  const secretKeys = new DialbackKeys(new TextEncoder().encode("secret of b.lab"));

  test("a genuine key is believed", async () => {
    const { end, port } = await withAuthority();
    const peer = await peerOf(RawPeer.secure(port));
    const genuine = secretKeys.make({ receiving: "a.lab", originating: "b.lab", streamId: peer.streamId });
    expect(await peer.ask(key("", genuine), "type=")).toContain('<db:result from="a.lab" to="b.lab" type="valid">');
    peer.send("<message from='x@b.lab' to='y@a.lab'/>");
    await until(() => end.stanzas.length === 1);
  });

  test.each<[string, (id: string) => string]>([
    ["a made-up key", () => "00"],
    ["no key", () => ""],
    [
      "the key of another stream",
      () => secretKeys.make({ receiving: "a.lab", originating: "b.lab", streamId: "other" }),
    ],
    [
      "the key of the opposite direction",
      (streamId) => secretKeys.make({ receiving: "b.lab", originating: "a.lab", streamId }),
    ],
    ["a key for another domain", (streamId) => secretKeys.make({ receiving: "c.lab", originating: "b.lab", streamId })],
  ])("%s is refused, and the stream ends", async (_, forged) => {
    const { end, port } = await withAuthority();
    const peer = await peerOf(RawPeer.secure(port));
    const text = await peer.askLast(`${key("", forged(peer.streamId))}<message from='x@b.lab' to='y@a.lab'/>`);
    // The stanza that came with it is the fault that is seen first.
    expect(text).toContain("not-authorized");
    expect(end.stanzas).toEqual([]);
    const other = await peerOf(RawPeer.secure(port));
    expect(await other.askLast(key("", forged(other.streamId)))).toContain('type="invalid"');
  });

  test("a domain whose server cannot be found is not believed", async () => {
    const { port } = await listening(byDialback);
    const peer = await peerOf(RawPeer.secure(port));
    expect(await peer.ask(key("", "00"), "</db:result>")).toContain("<remote-server-not-found");
  });

  test("a server that cannot be reached is not believed either", async () => {
    const { port, dns } = await listening(byDialback);
    dns.put("b.lab", 1);
    const peer = await peerOf(RawPeer.secure(port));
    expect(await peer.ask(key("", "00"), "</db:result>")).toContain("<remote-server-timeout");
  });

  test.each([
    ["for a domain that is not served", "<db:result from='b.lab' to='c.lab'>00</db:result>", "<item-not-found"],
    ["of ourselves", "<db:result from='also.a.lab' to='a.lab'>00</db:result>", "<policy-violation"],
    [
      "asked about, for a domain that is not served",
      "<db:verify from='b.lab' to='c.lab' id='1'>0</db:verify>",
      "<item-not-found",
    ],
    ["asked about, that is not ours", "<db:verify from='b.lab' to='a.lab' id='1'>0</db:verify>", 'type="invalid"'],
  ])("a key %s", async (_, text, answer) => {
    const { port } = await listening(byDialback);
    const peer = await peerOf(RawPeer.secure(port));
    expect(await peer.ask(text, "</db:")).toContain(answer);
  });

  test.each([
    ["an answer that nobody has asked for", "<db:result from='b.lab' to='a.lab' type='valid'/>", "bad-format"],
    ["a key without a domain", "<db:result to='a.lab'>00</db:result>", "improper-addressing"],
    ["a key of an account", "<db:result from='x@b.lab' to='a.lab'>00</db:result>", "improper-addressing"],
  ])("%s ends the stream", async (_, text, condition) => {
    const { port } = await listening(byDialback);
    expect(await (await peerOf(RawPeer.secure(port))).askLast(text)).toContain(condition);
  });

  test("is not offered where s2s.auth does not name it; s2s.require overrides that for a domain", async () => {
    const { port } = await listening({ auth: ["external"], require: { "c.lab": { auth: ["dialback"] } } });
    const refused = await peerOf(RawPeer.secure(port));
    expect(refused.text).toContain("not-authorized");
    expect((await peerOf(RawPeer.secure(port, undefined, { from: "c.lab" }))).text).toContain(NS.DIALBACK_FEATURE);
  });

  test("a certificate that proves the domain is enough: XEP-0344", async () => {
    const { end, port } = await listening();
    const peer = await peerOf(RawPeer.secure(port, theirs));
    expect(await peer.ask(key("", "00"), "type=")).toContain('type="valid"');
    peer.send("<message from='x@b.lab' to='y@a.lab'/>");
    await until(() => end.stanzas.length === 1);
    expect(end.s2s.links.report().streams).toMatchObject([{ auth: "external" }]);
  });
});

describe("SASL EXTERNAL", () => {
  const auth = (text: string, mechanism = "EXTERNAL") =>
    `<auth xmlns='${NS.SASL}' mechanism='${mechanism}'>${text}</auth>`;

  test.each([
    ["=", "<success"],
    ["", "<success"],
    [Buffer.from("b.lab").toString("base64"), "<success"],
    [Buffer.from("B.LAB").toString("base64"), "<success"],
    [Buffer.from("c.lab").toString("base64"), "<invalid-authzid/>"],
    [Buffer.from("x@b.lab").toString("base64"), "<invalid-authzid/>"],
    ["!", "<incorrect-encoding/>"],
  ])("authorization identity %p: %p", async (authzid, answer) => {
    const { port } = await listening();
    const peer = await peerOf(RawPeer.secure(port, theirs));
    expect(await peer.ask(auth(authzid), "urn:ietf:params:xml:ns:xmpp-sasl")).toContain(answer);
  });

  test("another mechanism is refused", async () => {
    const { port } = await listening();
    const peer = await peerOf(RawPeer.secure(port, theirs));
    expect(await peer.ask(auth("AGEAYg==", "PLAIN"), "</failure>")).toContain("<invalid-mechanism/>");
  });

  test.each([
    ["none", undefined],
    ["self-signed", authority.selfSigned("b.lab")],
    ["of another name", authority.issue("c.lab")],
    ["expired", authority.make({ names: "DNS:b.lab", from: "20200101000000Z", until: "20200201000000Z" })],
    ["not valid yet", authority.make({ names: "DNS:b.lab", from: "20400101000000Z", until: "20400201000000Z" })],
  ])("a certificate that is %s: not offered, refused all the same, and dialback is left", async (_, certificate) => {
    const { end, port } = await listening();
    const peer = await peerOf(RawPeer.secure(port, certificate));
    expect(peer.text).not.toContain("EXTERNAL");
    expect(peer.text).toContain(NS.DIALBACK_FEATURE);
    expect(await peer.ask(auth("="), "</failure>")).toContain("<not-authorized/>");
    expect(await peer.askLast("<message from='x@b.lab' to='y@a.lab'/>")).toContain("not-authorized");
    expect(end.stanzas).toEqual([]);
  });

  test("the last error of a domain is kept for the operator, of a hundred domains", async () => {
    const { end, port } = await listening({ auth: ["external"] });
    await peerOf(RawPeer.secure(port, authority.selfSigned("b.lab")));
    expect(end.s2s.links.report().refusals).toMatchObject([
      { remote: "b.lab", error: "not-authorized: The certificate is not accepted: self-signed" },
    ]);
    for (let i = 0; i < 150; i++) end.s2s.links.refused(`${i}.lab`, "192.0.2.1", "x");
    expect(end.s2s.links.report().refusals).toHaveLength(100);
  });

  test("after the restart the header must name the same domains", async () => {
    const { port } = await listening();
    const peer = await peerOf(RawPeer.secure(port, theirs));
    await peer.ask(auth("="), "<success");
    expect(await peer.askLast(header({ from: "c.lab" }))).toContain("invalid-from");
  });
});

describe("stanzas", () => {
  test.each([
    ["of another domain", "<message from='x@c.lab' to='y@a.lab'/>", "invalid-from"],
    ["of one of our own users", "<message from='x@a.lab' to='y@a.lab'/>", "invalid-from"],
    ["for another server: nothing is relayed", "<message from='x@b.lab' to='y@c.lab'/>", "host-unknown"],
    ["for a domain that was not authenticated for", "<message from='x@b.lab' to='y@also.a.lab'/>", "invalid-from"],
    ["without a recipient", "<message from='x@b.lab'/>", "improper-addressing"],
    ["without a sender", "<message to='y@a.lab'/>", "improper-addressing"],
    ["with a sender that is none", "<message from='@b.lab' to='y@a.lab'/>", "improper-addressing"],
    ["of an unknown kind", "<note from='x@b.lab' to='y@a.lab'/>", "unsupported-stanza-type"],
    [
      "with a prefix of their own for jabber:server",
      "<s:message xmlns:s='jabber:server' from='x@b.lab' to='y@a.lab'/>",
      "invalid-namespace",
    ],
    ["of another namespace", "<message xmlns='urn:x' from='x@b.lab' to='y@a.lab'/>", "unsupported-stanza-type"],
    ["that are too large", `<message from='x@b.lab' to='y@a.lab'>${"x".repeat(300_000)}</message>`, "policy-violation"],
    ["that are no XML", "<message from='x@b.lab' to='y@a.lab'></presence>", "not-well-formed"],
  ])("%s end the stream", async (_, text, condition) => {
    const { end, port } = await listening();
    const peer = await peerOf(RawPeer.authenticated(port, theirs));
    expect(await peer.askLast(text)).toContain(`<${condition} xmlns="${NS.STREAMS}"`);
    expect(end.stanzas).toEqual([]);
  });

  test.each([
    ["<message from='x@b.lab' to='y@a.lab' id='1'><body>1</body></message>"],
    ["<message xmlns='jabber:server' from='x@b.lab' to='y@a.lab' id='1'><body>1</body></message>"],
    ["<message id='1' from='x@b.lab' to='y@a.lab' xmlns = \"jabber:server\" ><body>1</body></message>"],
  ])("%s is read as one of jabber:client", async (text) => {
    const { end, port } = await listening();
    const peer = await peerOf(RawPeer.authenticated(port, theirs));
    peer.send(text);
    await until(() => end.stanzas.length === 1);
    expect(end.stanzas[0]!.toString()).toBe(
      '<message xmlns="jabber:client" from="x@b.lab" to="y@a.lab" id="1"><body>1</body></message>',
    );
  });

  test("an unreadable recipient is answered with an error, and the stream goes on", async () => {
    const { end, dns, port } = await listening();
    const b = new LinkEnd({ domains: ["b.lab"], dns, certificate: theirs, ca: authority.root });
    ends.push(b);
    dns.put("b.lab", await b.listen());
    const peer = await peerOf(RawPeer.authenticated(port, theirs));
    peer.send("<message from='x@b.lab' to='@a.lab' id='1'/><message from='x@b.lab' to='@a.lab' type='error'/>");
    peer.send("<message from='x@b.lab' to='y@a.lab' id='2'/>");
    await until(() => end.stanzas.length === 1 && b.stanzas.length === 1);
    expect(b.stanzas[0]!.toString()).toContain("<jid-malformed");
    expect(b.stanzas[0]).toMatchObject({ type: "error", id: "1" });
  });
});
