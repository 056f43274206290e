/** XEP-0114 over sockets: the handshake, bad input, limits, proof of receipt. */
import { afterEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import type { LinkError } from "../../../destinations/federation/links.ts";
import type { ComponentSettings } from "../../../transport/component/component_settings.ts";
import { NS } from "../../../xmpp/ns.ts";
import { until as waitUntil } from "../s2s/link_end.ts";
import type { RawPeer } from "../s2s/raw_peer.ts";
import { ComponentEnd, componentHeader, DOMAIN, handshake } from "./component_end.ts";

setDefaultTimeout(20_000);

const until = (condition: () => boolean) => waitUntil(condition, 15_000);
const ends: ComponentEnd[] = [];
afterEach(async () => {
  await Promise.all(ends.splice(0).map((end) => end.stop()));
});

async function start(settings?: Partial<ComponentSettings>): Promise<ComponentEnd> {
  const end = await ComponentEnd.start(settings);
  ends.push(end);
  return end;
}

const message = (attributes: string) => `<message ${attributes}><body>Hi</body></message>`;
const good = `from='bot@${DOMAIN}' to='romeo@a.lab'`;

describe("the handshake", () => {
  test("brings its answer, and stanzas then go both ways", async () => {
    const end = await start();
    const peer = await end.component();
    expect(peer.text).toContain(` from="${DOMAIN}" id="id-1">`);
    expect(end.joined).toEqual([DOMAIN]);
    expect(end.links.connected).toEqual([DOMAIN]);
    peer.send(message(good));
    await until(() => end.received.length === 1);
    expect(end.received[0]!.toString()).toContain(`<message xmlns="${NS.CLIENT}" from="bot@${DOMAIN}"`);
    await end.sends("Ho", false);
    await until(() => peer.text.includes("<body>Ho</body>"));
    peer.stop();
    await until(() => end.links.connected.length === 0);
  });

  const refused: readonly (readonly [string, (peer: RawPeer) => string, string])[] = [
    ["a wrong secret", (peer) => handshake(peer, "another secret of components"), "not-authorized"],
    ["nothing", () => "<handshake/>", "not-authorized"],
    ["uppercase", (peer) => handshake(peer).replace(/>.*</, (digest) => digest.toUpperCase()), "not-authorized"],
    ["a stanza", () => message(good), "not-authorized"],
    ["another element", () => "<auth/>", "not-authorized"],
    ["another namespace", (peer) => handshake(peer).replace("<handshake", "<handshake xmlns='x'"), "not-authorized"],
    ["a child", (peer) => handshake(peer).replace("</", "<a/></"), "not-authorized"],
    [
      "a second header",
      () =>
        componentHeader()
          .replace(/^.*\?>/, "")
          .replace(/>$/, "/>"),
      "not-authorized",
    ],
    ["no XML", () => "<<", "not-well-formed"],
    ["a control character", () => "<handshake>\u0000</handshake>", "not-well-formed"],
    ["a document type", () => "<!DOCTYPE a>", "restricted-xml"],
    ["too much", () => `<handshake>${"0".repeat(10_000)}</handshake>`, "policy-violation"],
  ];
  for (const [what, answer, condition] of refused) {
    test(`with ${what} is ${condition}`, async () => {
      const end = await start();
      const peer = await end.connects();
      await peer.ask(componentHeader(), "<stream:stream");
      expect(await peer.askLast(answer(peer))).toContain(`<${condition} xmlns="${NS.STREAMS}"`);
      expect(peer.text).toEndWith("</stream:stream>");
      expect([end.received, end.joined, end.links.connected]).toEqual([[], [], []]);
    });
  }

  const headers: readonly (readonly [string, string, string])[] = [
    ["of an unknown component", componentHeader("other.a.lab"), "host-unknown"],
    ["of a domain served here", componentHeader("a.lab"), "host-unknown"],
    ["below a component", componentHeader(`a.${DOMAIN}`), "host-unknown"],
    ["with an address that is none", componentHeader("a@@b"), "host-unknown"],
    ["without an address", componentHeader(""), "improper-addressing"],
    ["of a server", componentHeader(DOMAIN, NS.SERVER), "invalid-namespace"],
    ["of a client", componentHeader(DOMAIN, NS.CLIENT), "invalid-namespace"],
    ["that is none", message(good), "invalid-namespace"],
  ];
  for (const [what, text, condition] of headers) {
    test(`a header ${what} is ${condition}`, async () => {
      const end = await start();
      const peer = await end.connects();
      const answer = await peer.askLast(text);
      // RFC 6120 section 4.9.1.1: the error stands in a stream.
      expect(answer).toStartWith(`<?xml version="1.0"?><stream:stream xmlns="${NS.COMPONENT}"`);
      expect(answer).toContain(`<${condition} xmlns="${NS.STREAMS}"`);
    });
  }
});

describe("stanzas of a component", () => {
  const ending: readonly (readonly [string, string, string])[] = [
    ["from a domain served here", message("from='juliet@a.lab' to='romeo@a.lab'"), "invalid-from"],
    ["from the domain above", message("from='lab' to='romeo@a.lab'"), "invalid-from"],
    ["from a name that only ends like it", message(`from='x${DOMAIN}' to='romeo@a.lab'`), "invalid-from"],
    ["without from", message("to='romeo@a.lab'"), "improper-addressing"],
    ["without to", message(`from='bot@${DOMAIN}'`), "improper-addressing"],
    ["of another name", "<letter from='a' to='b'/>", "unsupported-stanza-type"],
    ["of another namespace", `<message xmlns='x' ${good}/>`, "unsupported-stanza-type"],
    ["too large", `<message ${good}><body>${"x".repeat(20_000)}</body></message>`, "policy-violation"],
  ];
  for (const [what, text, condition] of ending) {
    test(`${what}: ${condition}`, async () => {
      const end = await start();
      const peer = await end.component();
      expect(await peer.askLast(text)).toContain(`<${condition} xmlns="${NS.STREAMS}"`);
      expect(end.received).toEqual([]);
    });
  }

  const answered: readonly (readonly [string, string, string])[] = [
    ["to a domain that nobody serves", "nobody.lab", "remote-server-not-found"],
    ["to an address that is none", "a@@b", "jid-malformed"],
  ];
  for (const [what, to, condition] of answered) {
    test(`${what}: the stanza error ${condition}, and the stream goes on`, async () => {
      const end = await start();
      const peer = await end.component();
      await peer.ask(message(`from='bot@${DOMAIN}' to='${to}' id='m1'`), "</message>");
      expect(peer.text).toContain(`<${condition} xmlns="${NS.STANZAS}"`);
      peer.send(message(`from='bot@a.${DOMAIN}' to='romeo@a.lab'`));
      await until(() => end.received.length === 1);
    });
  }

  test("may declare their namespace themselves", async () => {
    const end = await start();
    const peer = await end.component();
    peer.send(message(`xmlns='${NS.COMPONENT}' ${good}`));
    await until(() => end.received.length === 1);
    expect(end.received[0]!.payload("body", NS.CLIENT)?.text).toBe("Hi");
  });
});

describe("proof", () => {
  const ping = /<iq type="get" id="([^"]+)" from="a.lab" to="gw.a.lab"><ping/;
  const idOf = (peer: RawPeer) => ping.exec(peer.text)?.[1];

  for (const type of ["result", "error"]) {
    test(`is the answer to a ping behind the stanza, a ${type}`, async () => {
      const end = await start();
      const peer = await end.component();
      let isProved = false;
      const sent = end.sends("Hi").then(() => {
        isProved = true;
      });
      await until(() => idOf(peer) !== undefined);
      expect(peer.text.indexOf("<body>Hi</body>")).toBeLessThan(peer.text.search(ping));
      // Of another question, and of another address.
      peer.send(`<iq type='${type}' id='x' from='${DOMAIN}' to='a.lab'/>`);
      peer.send(`<iq type='${type}' id='${idOf(peer)}' from='x.${DOMAIN}' to='a.lab'/>`);
      await until(() => end.received.length === 2);
      expect(isProved).toBe(false);
      peer.send(`<iq type='${type}' id='${idOf(peer)}' from='${DOMAIN}' to='a.lab'/>`);
      await sent;
      expect(end.received).toHaveLength(2);
    });
  }

  test("is not there when the component ends its stream, or answers no ping", async () => {
    const end = await start({ proofMs: 50 });
    const peer = await end.component();
    const fault = await end.sends("Hi").catch((error: LinkError) => error.fault);
    expect(fault).toBe("unproved");
    await until(() => peer.isClosed);
    const other = await end.component();
    const sent = end.sends("Hi").catch((error: LinkError) => error.fault);
    await until(() => other.text.includes("<body>"));
    other.send("</stream:stream>");
    expect(await sent).toBe("unproved");
    expect(await end.sends("Hi").catch((error: LinkError) => error.fault)).toBe("unreachable");
  });
});

describe("several streams", () => {
  test("the newest gets what is sent; when it ends, the one before it", async () => {
    const end = await start();
    const first = await end.component();
    const second = await end.component();
    await end.sends("one", false);
    await until(() => second.text.includes("<body>one</body>"));
    second.stop();
    await until(() => end.records.some((record) => record.startsWith("component disconnected")));
    await end.sends("two", false);
    await until(() => first.text.includes("<body>two</body>"));
    expect(first.text).not.toContain("<body>one");
    expect(end.links.connected).toEqual([DOMAIN]);
  });

  test("of one component are bounded: the oldest ends with conflict", async () => {
    const end = await start({ streamsPerComponent: 2 });
    const first = await end.component();
    await end.component();
    const third = await end.component();
    await until(() => first.isClosed);
    expect(first.text).toContain(`<conflict xmlns="${NS.STREAMS}"`);
    expect(third.isClosed).toBe(false);
  });
});

describe("strangers", () => {
  test("of one address are bounded, whoever is authenticated does not count", async () => {
    const end = await start({ strangersPerAddress: 2 });
    await end.component();
    const peers = [await end.connects(), await end.connects()];
    await Promise.all(peers.map((peer) => peer.ask(componentHeader(), "<stream:stream")));
    const late = await end.connects();
    await until(() => late.isClosed);
    expect(late.text).toContain(`<policy-violation xmlns="${NS.STREAMS}"`);
    await peers[0]!.ask(handshake(peers[0]!), "<handshake/>");
    await end.component();
  });

  test("of all addresses are bounded", async () => {
    const end = await start({ strangers: 1, strangersPerAddress: 0 });
    const peer = await end.connects();
    await peer.ask(componentHeader(), "<stream:stream");
    const late = await end.connects();
    await until(() => late.isClosed);
    expect(late.text).toContain(`<resource-constraint xmlns="${NS.STREAMS}"`);
  });

  test("have so much time", async () => {
    const end = await start({ negotiationMs: 30 });
    const peer = await end.connects();
    await until(() => peer.isClosed);
    expect(peer.text).toContain(`<connection-timeout xmlns="${NS.STREAMS}"`);
  });

  test("the secret is in no log record", async () => {
    const end = await start();
    const peer = await end.component();
    peer.send(message("from='juliet@a.lab' to='romeo@a.lab'"));
    await until(() => end.records.some((record) => record.startsWith("component disconnected")));
    expect(end.records.join()).not.toContain("a secret");
  });
});
