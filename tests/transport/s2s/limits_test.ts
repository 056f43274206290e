import { afterAll, afterEach, describe, expect, test } from "bun:test";
import { TestAuthority } from "../../../chaos/test_authority.ts";
import type { S2sSettings } from "../../../transport/s2s/s2s_settings.ts";
import { NS } from "../../../xmpp/ns.ts";
import { LinkEnd, TestDns, until } from "./link_end.ts";
import { header, RawPeer } from "./raw_peer.ts";

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

async function listening(settings: Partial<S2sSettings> = {}, host?: string) {
  const dns = new TestDns();
  const end = new LinkEnd({ domains: ["a.lab"], dns, certificate: own, ca: authority.root, settings });
  ends.push(end);
  return { end, dns, port: await end.listen(false, host) };
}

async function peerOf(made: Promise<RawPeer>): Promise<RawPeer> {
  const peer = await made;
  peers.push(peer);
  return peer;
}

const message = (body: string | number) => `<message from='x@b.lab' to='y@a.lab'><body>${body}</body></message>`;

describe("strangers", () => {
  test("s2s.strangers: so many streams in all; one that is authenticated or gone makes room", async () => {
    const { end, port } = await listening({ strangers: 2 });
    const first = await peerOf(RawPeer.open(port));
    await peerOf(RawPeer.open(port));
    const third = await peerOf(RawPeer.connect(port));
    expect(await third.askLast(header())).toContain("resource-constraint");
    first.stop();
    await until(() => end.s2s.links.report().strangers === 1);
    await peerOf(RawPeer.authenticated(port, theirs));
    expect(end.s2s.links.report().strangers).toBe(1);
    await peerOf(RawPeer.open(port));
  });

  test("s2s.strangers_per_address: so many of one address", async () => {
    const { port } = await listening({ strangersPerAddress: 1 });
    await peerOf(RawPeer.open(port));
    expect(await (await peerOf(RawPeer.connect(port))).askLast(header())).toContain("policy-violation");
  });

  test("with direct TLS one too many is cut off before the handshake", async () => {
    const { end } = await listening({ strangersPerAddress: 1 });
    const port = await end.listen(true);
    await peerOf(RawPeer.connect(port));
    await until(() => end.s2s.links.report().strangers === 1);
    const second = await peerOf(RawPeer.connect(port));
    await until(() => second.isClosed);
  });

  test.each([
    ["nothing", ""],
    ["half a header", "<?xml version='1.0'?><stream:stream xmlns="],
    ["a header", header()],
    ["STARTTLS, and no handshake", `${header()}<starttls xmlns='${NS.TLS}'/>`],
  ])("s2s.negotiation_seconds: %s is not waited for longer", async (_, text) => {
    const { end, port } = await listening({ negotiationMs: 150 });
    const peer = await peerOf(RawPeer.connect(port));
    await peer.askLast(text);
    await until(() => end.s2s.links.report().strangers === 0);
  });

  test("limits.stanza_bytes_before_login bounds what one may send", async () => {
    const { port } = await listening({ strangerBytes: 10_000 });
    const peer = await peerOf(RawPeer.secure(port));
    expect(await peer.askLast(`<db:result from='b.lab' to='a.lab'>${"0".repeat(10_000)}`)).toContain(
      "policy-violation",
    );
    const known = await peerOf(RawPeer.authenticated(port, theirs));
    known.send(message("x".repeat(20_000)));
    await until(() => ends[0]!.stanzas.length === 1);
  });

  test("s2s.pending_keys: so many keys are verified at once", async () => {
    const { port, dns } = await listening({ auth: ["dialback"], pendingKeys: 2 });
    // Its server never answers: the questions stay open.
    const { createServer } = await import("node:net");
    const mute = createServer(() => {});
    await new Promise<void>((resolve) => mute.listen(0, "127.0.0.1", resolve));
    dns.put("b.lab", (mute.address() as { port: number }).port);
    const peer = await peerOf(RawPeer.secure(port));
    const key = "<db:result from='b.lab' to='a.lab'>00</db:result>";
    expect(await peer.ask(key + key + key, "</db:result>")).toContain("<resource-constraint");
    expect(peer.text.match(/<db:result/g)).toHaveLength(1);
    mute.close();
  });

  test("questions about keys are bounded", async () => {
    const { port } = await listening();
    const peer = await peerOf(RawPeer.secure(port));
    const question = "<db:verify from='b.lab' to='a.lab' id='1'>0</db:verify>";
    expect(await peer.askLast(question.repeat(200))).toContain("policy-violation");
    expect(peer.text.match(/type="invalid"/g)).toHaveLength(100);
  });

  test("s2s.attempts: a flood of made-up domains is a trickle for DNS, and holds up nothing that is sent", async () => {
    const { end, port, dns } = await listening({
      auth: ["dialback"],
      attempts: 2,
      waitingAttempts: 3,
      pendingKeys: 100,
    });
    let asking = 0;
    let most = 0;
    dns.srv = async (name) => {
      most = Math.max(most, ++asking);
      dns.asked.push(name);
      await new Promise((resolve) => setTimeout(resolve, 50));
      asking--;
      return [];
    };
    const peer = await peerOf(RawPeer.secure(port));
    for (let i = 0; i < 50; i++) peer.send(`<db:result from='made-up-${i}.lab' to='a.lab'>00</db:result>`);
    await until(() => (peer.text.match(/<\/db:result>/g) ?? []).length === 50);
    // Two questions an attempt: direct TLS and STARTTLS.
    expect(most).toBeLessThanOrEqual(4);
    expect(dns.asked.length).toBeLessThanOrEqual(2 * 5 + 5);
    expect(peer.text.match(/<remote-server-timeout/g)).toHaveLength(45);
    const sent = end.send('<message xmlns="jabber:client" from="y@a.lab" to="x@nowhere.lab"/>', true);
    expect(await sent.catch((error) => error.fault)).toBe("not-found");
  });
});

describe("domains", () => {
  test("s2s.streams_per_domain: so many authenticated streams", async () => {
    const { end, port } = await listening({ streamsPerDomain: 2 });
    await peerOf(RawPeer.authenticated(port, theirs));
    await peerOf(RawPeer.authenticated(port, theirs));
    const third = await peerOf(RawPeer.secure(port, theirs));
    const refused = await third.askLast(`<auth xmlns='${NS.SASL}' mechanism='EXTERNAL'>=</auth>`);
    expect(refused).toContain("resource-constraint");
    await until(() => end.s2s.links.report().strangers === 0);
    expect(end.s2s.links.report().streams).toHaveLength(2);
  });

  test.each([
    ["s2s.stanzas_per_second", { stanzasPerSecond: 50, stanzaBurst: 10 }, 30],
    ["s2s.bytes_per_second", { bytesPerSecond: 50_000, byteBurst: 10_000 }, 30],
  ])(
    "%s: beyond the burst a domain is read at that rate, all streams together, and loses nothing",
    async (_, rate, count) => {
      const { end, port } = await listening(rate);
      const body = "x".repeat(930);
      const two = await Promise.all([1, 2].map(() => peerOf(RawPeer.authenticated(port, theirs))));
      const begun = performance.now();
      for (let i = 0; i < count / 2; i++) for (const peer of two) peer.send(message(body));
      await until(() => end.stanzas.length >= 10);
      expect(performance.now() - begun).toBeLessThan(300);
      await until(() => end.stanzas.length === count);
      // 20 more at 50 a second; what is overdrawn is waited for after it.
      expect(performance.now() - begun).toBeGreaterThan(300);
    },
  );

  test("what a peer has sent before it ended is read, also while it is held back", async () => {
    const { end, port } = await listening({ stanzasPerSecond: 20, stanzaBurst: 1 });
    const peer = await peerOf(RawPeer.authenticated(port, theirs));
    peer.send(`${message(1) + message(2) + message(3)}</stream:stream>`);
    await until(() => end.stanzas.length === 3);
  });

  test("s2s.waiting_stanzas: what is not handled is not piled up", async () => {
    const { end, port } = await listening({ waitingStanzas: 5 });
    const waiting: (() => void)[] = [];
    end.handle = (_, handled) => void waiting.push(handled);
    const peer = await peerOf(RawPeer.authenticated(port, theirs));
    for (let i = 0; i < 100; i++) peer.send(message(i));
    await until(() => waiting.length === 6);
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(waiting).toHaveLength(6);
    for (const handled of waiting.splice(0)) handled();
    end.handle = (_, handled) => handled();
    await until(() => end.stanzas.length > 6);
    for (const handled of waiting.splice(0)) handled();
    await until(() => end.stanzas.length === 100);
  });
});
