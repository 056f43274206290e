import { afterEach, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect as connectTls, type TLSSocket } from "node:tls";
import { type Certificate, ensureCertificate } from "../../../server/certificate.ts";
import type { StreamSettings } from "../../../transport/stream_services.ts";
import { createTransports, type Transports } from "../../../transport/transports.ts";
import { StreamError } from "../../../xmpp/errors.ts";
import { NS } from "../../../xmpp/ns.ts";
import { waitFor } from "../fake_carrier.ts";
import { bindIq, type FakeServices, fakeServices, plainAuth } from "../fake_services.ts";

const certificates: Certificate[] = [];
beforeAll(async () => {
  for (const domain of ["localhost", "example.org"]) {
    const dataDir = mkdtempSync(join(tmpdir(), "ampact-tls-"));
    certificates.push(await ensureCertificate({ dataDir, domains: [domain] }));
    rmSync(dataDir, { recursive: true });
  }
});

let transports: Transports;
let services: FakeServices;
let sockets: Socket[] = [];
afterEach(() => {
  transports.tcp.close();
  for (const socket of sockets) socket.destroy();
  sockets = [];
});

async function listen(mode: "starttls" | "tls", settings: Partial<StreamSettings> = {}): Promise<number> {
  services = fakeServices(settings, true);
  transports = createTransports(services);
  transports.tcp.useCertificate(certificates[0]!);
  return (await transports.tcp.listen({ host: "127.0.0.1", port: 0, mode })).port;
}

/** What the server has written so far. */
class Reader {
  text = "";
  isEnded = false;

  constructor(socket: Socket) {
    socket.on("data", (data) => {
      this.text += data.toString();
    });
    socket.on("close", () => {
      this.isEnded = true;
    });
    socket.on("error", () => {
      this.isEnded = true;
    });
  }

  async until(part: string): Promise<string> {
    await waitFor(() => this.text.includes(part));
    const text = this.text;
    this.text = "";
    return text;
  }
}

async function dial(port: number): Promise<{ socket: Socket; reader: Reader }> {
  const socket = connect(port, "127.0.0.1");
  sockets.push(socket);
  await new Promise((resolve) => socket.once("connect", resolve));
  return { socket, reader: new Reader(socket) };
}

async function dialTls(port: number, socket?: Socket): Promise<{ socket: TLSSocket; reader: Reader }> {
  const options = { rejectUnauthorized: false, servername: "localhost", ALPNProtocols: ["xmpp-client"] };
  const tls =
    socket === undefined ? connectTls({ port, host: "127.0.0.1", ...options }) : connectTls({ socket, ...options });
  sockets.push(tls);
  await new Promise((resolve) => tls.once("secureConnect", resolve));
  return { socket: tls, reader: new Reader(tls) };
}

const HEADER = `<?xml version='1.0'?><stream:stream to='localhost' version='1.0' xmlns='jabber:client' xmlns:stream='${NS.STREAM}'>`;
const FEATURES_END = "</stream:features>";
const END = "</stream:stream>";
const STARTTLS = `<starttls xmlns='${NS.TLS}'/>`;
const MESSAGE = "<message to='juliet@localhost'><body>é 🌹</body></message>";

async function login(socket: Socket, reader: Reader): Promise<void> {
  socket.write(HEADER);
  await reader.until(FEATURES_END);
  socket.write(plainAuth("user"));
  await reader.until("<success");
  socket.write(HEADER);
  await reader.until(FEATURES_END);
  socket.write(bindIq());
  await reader.until("</iq>");
}

describe("a stream over TCP", () => {
  test("negotiates, binds, exchanges stanzas and ends", async () => {
    const { socket, reader } = await dial(await listen("starttls"));
    socket.write(HEADER);
    const features = await reader.until(FEATURES_END);
    expect(features).toStartWith('<?xml version="1.0"?><stream:stream from="localhost" id="id1" version="1.0" ');
    expect(features).toContain(`<starttls xmlns="${NS.TLS}"/>`);
    socket.write(plainAuth("user"));
    await reader.until("<success");
    socket.write(HEADER + bindIq());
    await reader.until("</iq>");
    socket.write(`${MESSAGE}  \n \n`);
    expect(await reader.until("</message>")).toBe(MESSAGE);
    expect(services.sessions.last.request.connection).toMatchObject({ transport: "tcp", secure: true, backlog: 0 });
    socket.write(END);
    expect(await reader.until(END)).toBe(END);
    await waitFor(() => reader.isEnded);
    expect(services.sessions.last.told.at(-1)).toMatchObject({ kind: "disconnected", clean: true });
    expect(transports.connectionCount).toBe(0);
  });

  test("is read in every split of its bytes", async () => {
    const { socket, reader } = await dial(await listen("starttls"));
    await login(socket, reader);
    for (const byte of Buffer.from(MESSAGE + MESSAGE)) {
      socket.write(new Uint8Array([byte]));
      await new Promise((resolve) => setImmediate(resolve));
    }
    await waitFor(() => services.sessions.last.inbound.length === 2);
    expect(services.sessions.last.inbound).toEqual([MESSAGE, MESSAGE]);
  });

  test("a connection that just goes is not a clean end", async () => {
    const { socket, reader } = await dial(await listen("starttls"));
    await login(socket, reader);
    socket.destroy();
    await waitFor(() => services.sessions.last.told.length > 0);
    expect(services.sessions.last.told).toMatchObject([{ kind: "disconnected", clean: false }]);
  });

  test("pauses and resumes reading", async () => {
    const { socket, reader } = await dial(await listen("starttls"));
    await login(socket, reader);
    const session = services.sessions.last;
    session.request.connection.pause();
    socket.write(MESSAGE);
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(session.inbound).toEqual([]);
    session.request.connection.resume();
    await waitFor(() => session.inbound.length === 1);
  });

  test.each([
    ["at once", [plainAuth("user") + HEADER + bindIq()]],
    ["cut after the login", [plainAuth("user"), HEADER, bindIq()]],
    ["cut within the declaration", [`${plainAuth("user")}<`, HEADER.slice(1, 9), HEADER.slice(9) + bindIq()]],
  ])("takes a new stream that is sent ahead of the answer to the login (XEP-0305): %s", async (_what, pieces) => {
    const { socket, reader } = await dial(await listen("starttls"));
    socket.write(HEADER);
    await reader.until(FEATURES_END);
    socket.setNoDelay(true);
    for (const piece of pieces) {
      socket.write(piece);
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    expect(await reader.until("</iq>")).toContain("<jid>user@localhost/r</jid>");
  });

  test("refuses a declaration that is sent ahead of a login that fails", async () => {
    const { socket, reader } = await dial(await listen("starttls"));
    socket.write(HEADER + plainAuth("user", "wrong") + HEADER);
    const answer = await reader.until(END);
    expect(answer).toContain("<not-authorized/>");
    expect(answer).toContain("<restricted-xml ");
  });

  test("what is sent at once leaves in order", async () => {
    const { socket, reader } = await dial(await listen("starttls"));
    await login(socket, reader);
    const { connection } = services.sessions.last.request;
    for (const name of ["a", "b", "c"]) connection.send(`<${name}/>`);
    expect(connection.backlog).toBe(12);
    expect(await reader.until("<c/>")).toBe("<a/><b/><c/>");
    expect(connection.probe(1)).toBe(false);
  });
});

describe("STARTTLS", () => {
  test("protects what follows", async () => {
    const port = await listen("starttls", { plainWithoutTls: "never" });
    const plain = await dial(port);
    plain.socket.write(HEADER);
    expect(await plain.reader.until(FEATURES_END)).not.toContain("<mechanism>PLAIN</mechanism>");
    plain.socket.write(`${STARTTLS}\n`);
    expect(await plain.reader.until("<proceed")).toBe(`<proceed xmlns="${NS.TLS}"/>`);
    plain.socket.removeAllListeners("data");
    const { socket, reader } = await dialTls(port, plain.socket);
    socket.write(HEADER);
    const features = await reader.until(FEATURES_END);
    expect(features).toContain("<mechanism>PLAIN</mechanism>");
    expect(features).not.toContain("starttls");
    socket.write(plainAuth("user"));
    await reader.until("<success");
    socket.write(HEADER + bindIq());
    await reader.until("</iq>");
    expect(services.sessions.last.request.account.text).toBe("user@localhost");
  });

  test.each([
    ["a stanza", MESSAGE],
    ["a login", plainAuth("juliet")],
    ["a header", HEADER],
    ["an end", END],
    ["no XML", "\u0000"],
    ["a ClientHello", new Uint8Array([0x16, 0x03, 0x01, 0x02, 0x00, 0x01])],
  ])("is refused where %s came with it", async (_what, data) => {
    const { socket, reader } = await dial(await listen("starttls"));
    socket.write(HEADER);
    await reader.until(FEATURES_END);
    socket.write(Buffer.concat([Buffer.from(STARTTLS), Buffer.from(data)]));
    await waitFor(() => reader.isEnded);
    expect(reader.text).toBe("");
    expect(transports.connectionCount).toBe(0);
  });

  test("a fragment that came with it is not read on after TLS", async () => {
    const { socket, reader } = await dial(await listen("starttls"));
    socket.write(HEADER);
    await reader.until(FEATURES_END);
    socket.write(`${STARTTLS}<message><body>`);
    await reader.until("<proceed");
    socket.removeAllListeners("data");
    const tls = await dialTls(0, socket);
    await login(tls.socket, tls.reader);
    tls.socket.write(MESSAGE);
    expect(await tls.reader.until("</message>")).toBe(MESSAGE);
  });

  test("text without TLS after it is no handshake", async () => {
    const { socket, reader } = await dial(await listen("starttls"));
    socket.write(HEADER);
    await reader.until(FEATURES_END);
    socket.write(STARTTLS);
    await reader.until("<proceed");
    socket.write(HEADER + plainAuth("user"));
    await waitFor(() => reader.isEnded && transports.connectionCount === 0);
    expect(services.sessions.bound).toEqual([]);
  });
});

describe("direct TLS (XEP-0368)", () => {
  test("speaks xmpp-client over TLS 1.2 at least", async () => {
    const { socket, reader } = await dialTls(await listen("tls"));
    expect(socket.alpnProtocol).toBe("xmpp-client");
    expect(["TLSv1.2", "TLSv1.3"]).toContain(socket.getProtocol()!);
    await login(socket, reader);
    socket.write(MESSAGE);
    expect(await reader.until("</message>")).toBe(MESSAGE);
  });

  test.each([
    ["ECDHE-ECDSA-AES128-GCM-SHA256", true],
    ["ECDHE-ECDSA-CHACHA20-POLY1305", true],
    ["ECDHE-ECDSA-AES128-SHA", false],
  ])("of TLS 1.2 with %s: %p", async (ciphers, isTaken) => {
    const port = await listen("tls");
    const outcome = await new Promise((resolve) => {
      const socket = connectTls({ port, host: "127.0.0.1", rejectUnauthorized: false, maxVersion: "TLSv1.2", ciphers });
      sockets.push(socket);
      socket.once("secureConnect", () => resolve(socket.getProtocol()));
      socket.once("error", () => resolve("refused"));
    });
    expect(outcome).toBe(isTaken ? "TLSv1.2" : "refused");
  });

  test("takes a new certificate for new connections", async () => {
    const port = await listen("tls");
    const before = await dialTls(port);
    expect(before.socket.getPeerCertificate().subjectaltname).toContain("DNS:localhost");
    transports.tcp.useCertificate(certificates[1]!);
    const after = await dialTls(port);
    expect(after.socket.getPeerCertificate().subjectaltname).toContain("DNS:example.org");
    await login(before.socket, before.reader);
  });

  test("drops who speaks no TLS", async () => {
    const { socket, reader } = await dial(await listen("tls"));
    socket.write(HEADER);
    await waitFor(() => reader.isEnded);
    await waitFor(() => transports.connectionCount === 0);
  });

  test("drops who never begins the handshake", async () => {
    const { reader } = await dial(await listen("tls", { negotiationMs: 50 }));
    await waitFor(() => transports.connectionCount === 1);
    await waitFor(() => transports.connectionCount === 0);
    expect(reader.text).toBe("");
  });

  test("needs a certificate", async () => {
    services = fakeServices({}, true);
    transports = createTransports(services);
    expect(transports.tcp.listen({ host: "127.0.0.1", port: 0, mode: "tls" })).rejects.toThrow("no certificate");
  });
});

describe("bad input over TCP", () => {
  const header = (text: string) => HEADER.replace(/<stream:stream.*/, text);
  test.each([
    ["text instead of a header", "hello", "not-well-formed"],
    [
      "another stream namespace",
      header(`<s:stream to='localhost' version='1.0' xmlns:s='urn:x'>`),
      "invalid-namespace",
    ],
    ["a header without a namespace", header("<stream to='localhost' version='1.0'>"), "invalid-namespace"],
    ["another content namespace", HEADER.replace("jabber:client", "jabber:server"), "invalid-namespace"],
    ["another name", HEADER.replace("stream:stream", "stream:dream"), "bad-format"],
    ["another host", HEADER.replace("localhost", "a.example"), "host-unknown"],
    ["no version", HEADER.replace(" version='1.0' xmlns=", " xmlns="), "unsupported-version"],
    ["another encoding", HEADER.replace("?>", " encoding='ISO-8859-1'?>"), "unsupported-encoding"],
    ["a stanza before authentication", HEADER + MESSAGE, "not-authorized"],
    ["half a stanza that grows", `${HEADER}<message>${"x".repeat(300_000)}`, "policy-violation"],
  ])("%s", async (_what, text, condition) => {
    const { socket, reader } = await dial(await listen("starttls"));
    socket.write(text);
    const answer = await reader.until(END);
    expect(answer).toStartWith('<?xml version="1.0"?><stream:stream ');
    expect(answer).toContain(`<${condition} xmlns="${NS.STREAMS}"/>`);
    await waitFor(() => reader.isEnded);
  });

  test.each([
    ["text between stanzas", "hello", "not-well-formed"],
    ["mismatched tags", "<message></presence>", "not-well-formed"],
    ["a comment", "<!-- x -->", "restricted-xml"],
    ["a processing instruction", "<?x y?>", "restricted-xml"],
    ["an undeclared prefix", "<message><a:b/></message>", "bad-namespace-prefix"],
    ["too deep", `<message>${"<a>".repeat(40)}${"</a>".repeat(40)}</message>`, "policy-violation"],
    ["a byte that is no UTF-8", new Uint8Array([0x3c, 0x61, 0xff]), "not-well-formed"],
  ])("%s on a bound stream", async (_what, data, condition) => {
    const port = await listen("starttls");
    const other = await dial(port);
    await login(other.socket, other.reader);
    const { socket, reader } = await dial(port);
    await login(socket, reader);
    socket.write(data);
    expect(await reader.until(END)).toContain(`<${condition} xmlns="${NS.STREAMS}"/>`);
    await waitFor(() => reader.isEnded);
    expect(services.sessions.last.kinds).toEqual(["disconnected"]);
    other.socket.write(MESSAGE);
    await other.reader.until("</message>");
  });

  test("a negotiation that takes too long is ended", async () => {
    const { reader } = await dial(await listen("starttls", { negotiationMs: 30 }));
    expect(await reader.until(END)).toContain("<connection-timeout ");
  });
});

test("closeAll() opens the stream that a client has not yet opened, to tell it", async () => {
  const { reader } = await dial(await listen("starttls"));
  await waitFor(() => transports.connectionCount === 1);
  await transports.closeAll(new StreamError("system-shutdown"));
  const answer = await reader.until(END);
  expect(answer).toStartWith('<?xml version="1.0"?><stream:stream ');
  expect(answer).toContain("<system-shutdown ");
});

test("closeAll() tells every client and stops listening", async () => {
  const port = await listen("starttls");
  const { socket, reader } = await dial(port);
  await login(socket, reader);
  await transports.closeAll(new StreamError("system-shutdown"));
  expect(await reader.until(END)).toContain("<system-shutdown ");
  const outcome = await new Promise((resolve) => {
    const late = connect(port, "127.0.0.1", () => resolve("connected"));
    late.on("error", () => resolve("refused"));
    sockets.push(late);
  });
  expect(outcome).toBe("refused");
});

describe("behind a load balancer", () => {
  const LINE = "PROXY TCP4 192.0.2.7 198.51.100.1 56324 5222\r\n";
  const BINARY = Buffer.from("0d0a0d0a000d0a515549540a2111000cc0000207c633640100010002", "hex");

  test.each([
    ["version 1", LINE],
    ["version 2", BINARY],
  ])("a client is where its PROXY header of %s says", async (_what, header) => {
    const port = await listen("starttls", { proxyProtocol: true, plainWithoutTls: "always" });
    transports.tcp.useCertificate(certificates[0]!);
    const { socket, reader } = await dial(port);
    socket.write(Buffer.concat([Buffer.from(header), Buffer.from(HEADER)]));
    expect(await reader.until(FEATURES_END)).toContain("<required/>");
    socket.write(STARTTLS);
    await reader.until("<proceed");
    socket.removeAllListeners("data");
    const tls = await dialTls(port, socket);
    await login(tls.socket, tls.reader);
    expect(services.sessions.last.request.connection).toMatchObject({ address: "192.0.2.7", secure: true });
  });

  test.each([0, 20])("the header comes before direct TLS, the rest %p ms after it", async (pause) => {
    const { socket } = await dial(await listen("tls", { proxyProtocol: true }));
    socket.setNoDelay(true);
    if (pause === 0) socket.cork();
    socket.write(LINE);
    if (pause === 0) setTimeout(() => socket.uncork(), 20);
    else await new Promise((resolve) => setTimeout(resolve, pause));
    socket.removeAllListeners("data");
    const tls = await dialTls(0, socket);
    await login(tls.socket, tls.reader);
    expect(services.sessions.last.request.connection.address).toBe("192.0.2.7");
  });

  test.each([
    ["no header", HEADER],
    ["one that is wrong", "PROXY TCP4 1 2 3 4\r\n"],
  ])("%s ends the connection without a word", async (_what, text) => {
    const { socket, reader } = await dial(await listen("starttls", { proxyProtocol: true }));
    socket.write(text);
    await waitFor(() => reader.isEnded);
    expect(reader.text).toBe("");
    expect(transports.connectionCount).toBe(0);
  });

  test.each(["starttls", "tls"] as const)("an address may have so many connections (%s)", async (mode) => {
    const port = await listen(mode, { proxyProtocol: true, connectionsPerAddress: 1 });
    const first = await dial(port);
    first.socket.write(LINE);
    await waitFor(() => transports.connectionCount === 1);
    const second = await dial(port);
    second.socket.write(LINE);
    await waitFor(() => second.reader.isEnded);
    expect(second.reader.text.includes("<policy-violation ")).toBe(mode === "starttls");
    const other = await dial(port);
    other.socket.write(LINE.replace("192.0.2.7", "192.0.2.8"));
    await waitFor(() => transports.connectionCount === 2);
    expect(first.reader.isEnded).toBe(false);
  });

  test("what it says of this machine gives no rights", async () => {
    const { socket, reader } = await dial(await listen("starttls", { proxyProtocol: true }));
    socket.write(`${LINE.replace("192.0.2.7", "127.0.0.1")}${HEADER}`);
    expect(await reader.until(FEATURES_END)).toContain("<required/>");
  });

  test("without the setting a header is nothing but bad XML", async () => {
    const { socket, reader } = await dial(await listen("starttls"));
    socket.write(LINE + HEADER);
    expect(await reader.until(END)).toContain("<not-well-formed ");
  });
});
