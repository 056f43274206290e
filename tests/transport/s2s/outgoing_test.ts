import { afterAll, afterEach, describe, expect, test } from "bun:test";
import { createServer, type Server, type Socket } from "node:net";
import { TestAuthority } from "../../../chaos/test_authority.ts";
import { LinkError } from "../../../destinations/federation/links.ts";
import type { S2sSettings } from "../../../transport/s2s/s2s_settings.ts";
import type { CertificatePem } from "../../../transport/tcp/tls_certificate.ts";
import { NS } from "../../../xmpp/ns.ts";
import { Stanza } from "../../../xmpp/stanza.ts";
import { LinkEnd, TestDns, until } from "./link_end.ts";

const authority = new TestAuthority();
const own = authority.issue("a.lab");
const theirs = authority.issue("b.lab");
let ends: LinkEnd[] = [];
let servers: Server[] = [];
let sockets: Socket[] = [];
afterEach(async () => {
  for (const socket of sockets) socket.destroy();
  for (const server of servers) server.close();
  await Promise.all(ends.map((end) => end.stop()));
  ends = [];
  servers = [];
  sockets = [];
});
afterAll(() => authority.remove());

async function endOf(domain: string, dns: TestDns, settings: Partial<S2sSettings> = {}, certificate?: CertificatePem) {
  const pem = certificate ?? (domain === "a.lab" ? own : theirs);
  const end = new LinkEnd({ domains: [domain], dns, certificate: pem, ca: authority.root, settings });
  ends.push(end);
  dns.put(domain, await end.listen());
  return end;
}

/** A server that is written by hand. */
async function serve(dns: TestDns, domain: string, onConnection: (socket: Socket) => void): Promise<void> {
  const server = createServer((socket) => {
    sockets.push(socket);
    socket.on("error", () => {});
    onConnection(socket);
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  dns.put(domain, (server.address() as { port: number }).port);
}

const text = (id: string | number, to = "j@b.lab") =>
  `<message xmlns="jabber:client" from="r@a.lab/x" to="${to}" id="${id}"><body>${id}</body></message>`;

async function faultOf(promise: Promise<void>): Promise<string> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  return error instanceof LinkError ? error.fault : String(error);
}

describe("a domain that cannot be reached", () => {
  test("does not exist: not-found, and DNS is asked once", async () => {
    const dns = new TestDns();
    const a = await endOf("a.lab", dns, { negativeMs: 60_000 });
    for (let i = 0; i < 5; i++) expect(await faultOf(a.send(text(i, "j@nowhere.lab"), true))).toBe("not-found");
    expect(dns.asked).toEqual(["_xmpps-server._tcp.nowhere.lab", "_xmpp-server._tcp.nowhere.lab", "nowhere.lab"]);
  });

  test("says that it has no server: not-found", async () => {
    const dns = new TestDns();
    const a = await endOf("a.lab", dns);
    dns.srvRecords.set("_xmpp-server._tcp.none.lab", [{ name: ".", port: 0, priority: 0, weight: 0 }]);
    dns.hosts.set("none.lab", ["127.0.0.1"]);
    expect(await faultOf(a.send(text(1, "j@none.lab"), true))).toBe("not-found");
  });

  test("DNS is away: unreachable; the domain's own address is not guessed", async () => {
    const dns = new TestDns();
    const a = await endOf("a.lab", dns);
    dns.isAway = true;
    expect(await faultOf(a.send(text(1), true))).toBe("unreachable");
    expect(dns.asked).not.toContain("b.lab");
  });

  test("in the name of a domain that is not served here: denied, and nobody is called", async () => {
    const a = await endOf("a.lab", new TestDns());
    const stanza = `<message xmlns="jabber:client" from="romeo@evil.lab" to="j@b.lab"/>`;
    expect(await faultOf(a.send(stanza, true))).toBe("denied");
    expect(a.s2s.links.report().links).toEqual([]);
  });

  test("nothing listens: unreachable", async () => {
    const dns = new TestDns();
    const a = await endOf("a.lab", dns);
    dns.put("b.lab", 1);
    expect(await faultOf(a.send(text(1), true))).toBe("unreachable");
  });

  test.each([
    ["says nothing", () => {}],
    ["closes at once", (socket: Socket) => socket.destroy()],
    ["speaks another protocol", (socket: Socket) => socket.write("HTTP/1.1 400 Bad Request\r\n\r\n")],
    [
      "is no server for servers",
      (socket: Socket) =>
        socket.write(`<stream:stream xmlns='jabber:client' xmlns:stream='${NS.STREAM}' version='1.0'>`),
    ],
    [
      "ends the stream",
      (socket: Socket) =>
        socket.write(
          `<stream:stream xmlns='jabber:server' xmlns:stream='${NS.STREAM}' version='1.0'><stream:error><host-unknown xmlns='${NS.STREAMS}'/></stream:error></stream:stream>`,
        ),
    ],
  ])("its server %s: unreachable", async (_, onConnection) => {
    const dns = new TestDns();
    const a = await endOf("a.lab", dns, { negotiationMs: 200 });
    await serve(dns, "b.lab", onConnection);
    expect(await faultOf(a.send(text(1), true))).toBe("unreachable");
  });

  test("offers no TLS: denied; stanzas go nowhere", async () => {
    const dns = new TestDns();
    let received = "";
    await serve(dns, "b.lab", (socket) => {
      socket.on("data", (bytes) => {
        received += bytes;
      });
      socket.write(
        `<stream:stream xmlns='jabber:server' xmlns:stream='${NS.STREAM}' xmlns:db='${NS.DIALBACK}' id='1' version='1.0'><stream:features><dialback xmlns='${NS.DIALBACK_FEATURE}'/></stream:features>`,
      );
    });
    const a = await endOf("a.lab", dns);
    expect(await faultOf(a.send(text(1), true))).toBe("denied");
    expect(received).not.toContain("message");
    expect(received).not.toContain("db:result");
  });

  test("is denied, or served here: denied, and DNS is not asked", async () => {
    const dns = new TestDns();
    const a = await endOf("a.lab", dns, { deny: ["b.lab", "*.c.lab"] });
    for (const to of ["b.lab", "x.c.lab", "a.lab"]) expect(await faultOf(a.send(text(1, to), true))).toBe("denied");
    expect(dns.asked).toEqual([]);
  });

  test("does not believe us: invalid", async () => {
    const dns = new TestDns();
    const a = await endOf("a.lab", dns, { auth: ["dialback"] });
    await endOf("b.lab", dns, { auth: ["dialback"] });
    // Who is asked about a.lab is another server, with another secret.
    const other = new LinkEnd({ domains: ["a.lab"], dns, certificate: own, ca: authority.root, secret: "other" });
    ends.push(other);
    dns.put("a.lab", await other.listen());
    expect(await faultOf(a.send(text(1), true))).toBe("invalid");
  });
});

describe("a certificate of the other server", () => {
  const EXPIRED = { names: "DNS:b.lab", from: "20200101000000Z", until: "20200201000000Z" };
  const cases = [
    ["for servers only", authority.issue("b.lab"), "external"],
    ["with a wildcard", authority.make({ names: "DNS:*.lab.test,DNS:b.lab" }), "external"],
    [
      "with an SRVName alone",
      authority.make({ names: "otherName:1.3.6.1.5.5.7.8.7;IA5STRING:_xmpp-server.b.lab" }),
      "external",
    ],
    ["with an intermediate authority", authority.makeBelow({ names: "DNS:b.lab" }), "external"],
    ["expired", authority.make(EXPIRED), "dialback"],
    ["of another name", authority.issue("c.lab"), "dialback"],
    ["self-signed", authority.selfSigned("b.lab"), "dialback"],
  ] as const;

  test.each(cases)("%s: with both ways the stream is by %3$s", async (_, certificate, auth) => {
    const dns = new TestDns();
    const a = await endOf("a.lab", dns);
    await endOf("b.lab", dns, {}, certificate);
    await a.send(text(1), true);
    expect(a.s2s.links.report().streams.filter(({ direction }) => direction === "out")).toMatchObject([{ auth }]);
  });

  test.each(cases)("%s: with EXTERNAL alone, %3$s", async (_, certificate, auth) => {
    const dns = new TestDns();
    const a = await endOf("a.lab", dns, { auth: ["external"] });
    const b = await endOf("b.lab", dns, { auth: ["external"] }, certificate);
    // The answer to a ping comes on a stream of the other server.
    const sent = faultOf(a.send(text(1), false));
    if (auth === "external") return void (await until(() => b.stanzas.length === 1));
    expect(await sent).toBe("unreachable");
    expect(b.stanzas).toEqual([]);
    expect(a.s2s.links.report().links[0]!.lastError).toContain("certificate is not accepted");
  });
});

describe("proof", () => {
  test("is given by the other server once it has handled the stanza, in order", async () => {
    const dns = new TestDns();
    const a = await endOf("a.lab", dns);
    const b = await endOf("b.lab", dns);
    const handled: (() => void)[] = [];
    b.handle = (_, done) => void handled.push(done);
    const proved: number[] = [];
    const sent = [1, 2, 3].map((i) => a.send(text(i), true).then(() => proved.push(i)));
    await until(() => handled.length === 3);
    handled[1]!();
    handled[2]!();
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(proved).toEqual([]);
    handled[0]!();
    await Promise.all(sent);
    expect(proved).toEqual([1, 2, 3]);
  });

  test("without XEP-0198 a ping behind the stanzas proves them; the answer comes on another stream, and may be an error", async () => {
    const dns = new TestDns();
    const a = await endOf("a.lab", dns, { require: { "b.lab": { auth: ["external", "dialback"], tls: false } } });
    const b = await endOf("b.lab", dns);
    let received = "";
    await serve(dns, "b.lab", (socket) => {
      socket.write(
        `<stream:stream xmlns='jabber:server' xmlns:stream='${NS.STREAM}' xmlns:db='${NS.DIALBACK}' id='1' version='1.0'><stream:features><dialback xmlns='${NS.DIALBACK_FEATURE}'/></stream:features>`,
      );
      socket.on("data", (bytes) => {
        received += bytes;
        if (received.includes("</db:result>") && !received.includes("<message")) {
          socket.write("<db:result from='b.lab' to='a.lab' type='valid'/>");
        }
      });
    });
    let isProved = false;
    const sent = Promise.all([1, 2, 3].map((i) => a.send(text(i), true))).then(() => {
      isProved = true;
    });
    await until(() => received.includes("<ping"));
    expect(received).toMatch(/id="1".*id="2".*id="3".*<iq type="get"/);
    const id = /<iq type="get" id="([^"]+)"/.exec(received)![1]!;
    const answer = (from: string, to: string, given: string) =>
      b.send(`<iq xmlns="jabber:client" type="error" id="${given}" from="${from}" to="${to}"/>`, true);
    // Neither is an answer to our ping.
    await answer("x@b.lab", "a.lab", id);
    await answer("b.lab", "a.lab", "other");
    expect(isProved).toBe(false);
    await answer("b.lab", "a.lab", id);
    await sent;
  });

  test("s2s.proof_seconds: one that does not come ends the stream, and the next stanza makes a new one", async () => {
    const dns = new TestDns();
    const a = await endOf("a.lab", dns, { proofMs: 200 });
    const b = await endOf("b.lab", dns);
    b.handle = () => {};
    expect(await faultOf(a.send(text(1), true))).toBe("unproved");
    b.handle = (_, handled) => handled();
    await a.send(text(2), true);
    expect(b.contents).toEqual(["<body>1</body>", "<body>2</body>"]);
  });

  test("is lost with the stream: unproved, since it may have come", async () => {
    const dns = new TestDns();
    const a = await endOf("a.lab", dns);
    const b = await endOf("b.lab", dns);
    b.handle = () => {};
    const sent = [1, 2].map((i) => faultOf(a.send(text(i), true)));
    await until(() => b.stanzas.length === 2);
    await b.stop();
    expect(await Promise.all(sent)).toEqual(["unproved", "unproved"]);
  });

  test("is not waited for by who gives up", async () => {
    const dns = new TestDns();
    const a = await endOf("a.lab", dns);
    const b = await endOf("b.lab", dns);
    b.handle = () => {};
    const abort = new AbortController();
    const sent = a.s2s.links.send(Stanza.parse(text(1)), { proof: true, signal: abort.signal });
    await until(() => b.stanzas.length === 1);
    abort.abort(new Error("given up"));
    expect(await faultOf(sent)).toBe("Error: given up");
    expect(a.s2s.links.report().links[0]!.waiting).toBe(0);
  });
});

describe("streams", () => {
  test("s2s.waiting_stanzas: no more wait for a stream", async () => {
    const dns = new TestDns();
    const a = await endOf("a.lab", dns, { waitingStanzas: 3, negotiationMs: 300 });
    await serve(dns, "b.lab", () => {});
    const faults = await Promise.all([1, 2, 3, 4].map((i) => a.send(text(i), true).catch((error) => error.message)));
    expect(faults[3]).toContain("too much waits");
    expect(faults[0]).not.toContain("too much waits");
  });

  test("s2s.idle_seconds: one without stanzas is closed, and made again when it is needed", async () => {
    const dns = new TestDns();
    const a = await endOf("a.lab", dns, { idleMs: 100 });
    const b = await endOf("b.lab", dns);
    await a.send(text(1), true);
    await until(() => a.s2s.links.report().streams.every(({ direction }) => direction === "in"));
    await a.send(text(2), true);
    expect(b.contents).toHaveLength(2);
  });

  test("a silent one is probed, and ends when nobody answers", async () => {
    const dns = new TestDns();
    const a = await endOf("a.lab", dns, { probeMs: 100, proofMs: 100 });
    const b = await endOf("b.lab", dns);
    await a.send(text(1), true);
    // It is alive: the answers keep the stream.
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(a.s2s.links.report().links[0]!.state).toBe("connected");
    expect(b.contents).toHaveLength(1);
  });

  test("the first of several addresses that answers is used", async () => {
    const dns = new TestDns();
    const a = await endOf("a.lab", dns);
    const b = new LinkEnd({ domains: ["b.lab"], dns, certificate: theirs, ca: authority.root });
    ends.push(b);
    const port = await b.listen(false, "::1");
    dns.srvRecords.set("_xmpp-server._tcp.b.lab", [
      { name: "gone.lab", port, priority: 1, weight: 0 },
      { name: "dead.lab", port: 1, priority: 2, weight: 0 },
      { name: "six.lab", port, priority: 3, weight: 0 },
    ]);
    dns.hosts.set("dead.lab", ["127.0.0.1"]);
    dns.hosts.set("six.lab", ["127.0.0.1", "::1"]);
    await a.send(text(1), true);
    expect(a.s2s.links.report().streams.filter(({ direction }) => direction !== "in")).toMatchObject([
      { address: "::1" },
    ]);
  });

  test("both servers may make one at the same time: all arrives, in order", async () => {
    const dns = new TestDns();
    const a = await endOf("a.lab", dns, { bidi: true });
    const b = await endOf("b.lab", dns, { bidi: true });
    const numbers = Array.from({ length: 30 }, (_, i) => i);
    const back = (i: number) => text(i, "r@a.lab").replace("r@a.lab/x", "j@b.lab/y");
    await Promise.all(numbers.flatMap((i) => [a.send(text(i), true), b.send(back(i), true)]));
    expect(b.stanzas.map(({ id }) => Number(id))).toEqual(numbers);
    expect(a.stanzas.map(({ id }) => Number(id))).toEqual(numbers);
  });
});
