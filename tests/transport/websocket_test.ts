import { afterEach, describe, expect, test } from "bun:test";
import { connect } from "node:net";
import { StreamError } from "../../xmpp/errors.ts";
import { NS } from "../../xmpp/ns.ts";
import { waitFor } from "./fake_carrier.ts";
import { type LiveServer, startServer } from "./live_server.ts";
import { CLOSE, OPEN, WebSocketClient } from "./websocket_client.ts";

let server: LiveServer;
afterEach(() => server.stop());

const error = (condition: string) => `<stream:error xmlns:stream="${NS.STREAM}"><${condition} xmlns="${NS.STREAMS}"/>`;

/** The answer to a handshake that is written by hand. */
function handshake(headers: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(server.port, "127.0.0.1", () => {
      socket.write(`GET /xmpp-websocket HTTP/1.1\r\nHost: localhost\r\n${headers}\r\n`);
    });
    socket.on("error", reject);
    socket.once("data", (data) => {
      socket.destroy();
      resolve(data.toString());
    });
  });
}

const UPGRADE =
  "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

describe("the handshake (RFC 7395 section 3.1)", () => {
  test.each([
    ["no subprotocol", UPGRADE, "400"],
    ["another subprotocol", `${UPGRADE}Sec-WebSocket-Protocol: mqtt, XMPP\r\n`, "400"],
    ["no upgrade", "", "426"],
  ])("with %s is refused", async (_what, headers, status) => {
    server = startServer();
    expect(await handshake(headers)).toStartWith(`HTTP/1.1 ${status} `);
  });

  test("echoes xmpp alone, wherever it stands in the offer", async () => {
    server = startServer();
    const answer = await handshake(`${UPGRADE}Sec-WebSocket-Protocol: foo, xmpp, bar\r\n`);
    expect(answer).toStartWith("HTTP/1.1 101 ");
    expect(answer.toLowerCase().match(/sec-websocket-protocol: .*/g)).toEqual(["sec-websocket-protocol: xmpp"]);
  });

  test("is refused where an address has too many connections", async () => {
    server = startServer({ connectionsPerAddress: 1 });
    const headers = `${UPGRADE}Sec-WebSocket-Protocol: xmpp\r\nX-Forwarded-For: 192.0.2.1\r\n`;
    const client = await WebSocketClient.connect(server.url);
    expect(await handshake(headers)).toStartWith("HTTP/1.1 101 ");
    const open = new WebSocket(`${server.url.replace("http", "ws")}/xmpp-websocket`, {
      protocols: ["xmpp"],
      headers: { "x-forwarded-for": "192.0.2.2" },
    });
    await new Promise((resolve) => {
      open.onopen = resolve;
    });
    await waitFor(() => server.transports.connectionCount >= 2);
    expect(await handshake(headers.replace("192.0.2.1", "192.0.2.2"))).toStartWith("HTTP/1.1 429 ");
    open.close();
    client.socket.close();
  });
});

describe("a stream over WebSocket", () => {
  test("negotiates, binds and exchanges stanzas, one in a frame", async () => {
    server = startServer();
    const client = await WebSocketClient.connect(server.url, ["foo", "xmpp"]);
    expect(client.socket.protocol).toBe("xmpp");
    expect(await client.ask(`<?xml version="1.0"?>${OPEN}`)).toBe(
      `<open xmlns="${NS.FRAMING}" from="localhost" id="id1" version="1.0" xml:lang="en"/>`,
    );
    expect(await client.next()).toStartWith(`<stream:features xmlns:stream="${NS.STREAM}"><mechanisms `);
    await client.ask(`<auth xmlns="${NS.SASL}" mechanism="PLAIN">${btoa("\0user\0pencil")}</auth>`);
    await client.open();
    await client.ask(`<iq xmlns="jabber:client" type="set" id="b"><bind xmlns="${NS.BIND}"/></iq>`);
    const message = '<message xmlns="jabber:client" to="juliet@localhost"><body>é 🌹</body></message>';
    expect(await client.ask(`\n${message}\n`)).toBe(message);
    expect(server.services.sessions.last.request.connection).toMatchObject({
      transport: "websocket",
      secure: true,
      address: "127.0.0.1",
      backlog: 0,
    });
  });

  test("answers <close/> and closes", async () => {
    server = startServer();
    const client = await WebSocketClient.connect(server.url);
    await client.login();
    expect(await client.ask(CLOSE)).toBe(CLOSE);
    expect(await client.closed).toBe(1000);
    expect(server.services.sessions.last.told).toMatchObject([{ kind: "disconnected", clean: true }]);
    expect(server.transports.connectionCount).toBe(0);
  });

  test("a socket that just goes is not a clean end", async () => {
    server = startServer();
    const client = await WebSocketClient.connect(server.url);
    await client.login();
    client.socket.terminate();
    const session = server.services.sessions.last;
    await waitFor(() => session.told.length > 0);
    expect(session.told).toMatchObject([{ kind: "disconnected", clean: false }]);
    expect(server.transports.connectionCount).toBe(0);
  });

  test("proves receipt by a pong", async () => {
    server = startServer();
    const client = await WebSocketClient.connect(server.url);
    await client.login();
    const session = server.services.sessions.last;
    session.request.connection.send('<message xmlns="jabber:client"/>');
    expect(session.request.connection.probe(42)).toBe(true);
    await client.next();
    await waitFor(() => session.told.length > 0);
    expect(session.told).toEqual([{ kind: "proof", token: 42 }]);
  });

  test("ignores white space between stanzas", async () => {
    server = startServer();
    const client = await WebSocketClient.connect(server.url);
    await client.login();
    client.send(" \n");
    client.send("");
    expect(await client.ask('<presence xmlns="jabber:client"/>')).toBe('<presence xmlns="jabber:client"/>');
  });

  test("closeAll() opens the stream that a client has not yet opened, to tell it", async () => {
    server = startServer();
    const client = await WebSocketClient.connect(server.url);
    await waitFor(() => server.transports.connectionCount === 1);
    await server.transports.closeAll(new StreamError("system-shutdown"));
    expect(await client.next()).toStartWith("<open ");
    expect(await client.next()).toBe(`${error("system-shutdown")}</stream:error>`);
    expect(await client.next()).toBe(CLOSE);
  });

  test("closeAll() tells every client, and admits none any more", async () => {
    server = startServer();
    const client = await WebSocketClient.connect(server.url);
    await client.login();
    await server.transports.closeAll(new StreamError("system-shutdown"));
    expect(await client.next()).toBe(`${error("system-shutdown")}</stream:error>`);
    expect(await client.next()).toBe(CLOSE);
    expect(await client.closed).toBe(1000);
    expect(await handshake(`${UPGRADE}Sec-WebSocket-Protocol: xmpp\r\n`)).toStartWith("HTTP/1.1 503 ");
  });
});

describe("bad frames", () => {
  const MESSAGE = '<message xmlns="jabber:client"/>';
  const BINARY = new TextEncoder().encode(MESSAGE);
  test.each([
    ["a binary frame", BINARY, "bad-format"],
    ["two elements", MESSAGE + MESSAGE, "not-well-formed"],
    ["text", "hello", "not-well-formed"],
    ["text beside an element", `${MESSAGE}x`, "not-well-formed"],
    ["half an element", '<message xmlns="jabber:client">', "not-well-formed"],
    ["an end tag", "</message>", "not-well-formed"],
    ["mismatched tags", '<message xmlns="jabber:client"><a></b></message>', "not-well-formed"],
    ["an unknown entity", '<message xmlns="jabber:client">&nbsp;</message>', "restricted-xml"],
    ["a comment", '<message xmlns="jabber:client"><!-- x --></message>', "restricted-xml"],
    ["a processing instruction", '<message xmlns="jabber:client"><?x y?></message>', "restricted-xml"],
    ["a document type", "<!DOCTYPE x><x/>", "restricted-xml"],
    ["an undeclared prefix", '<message xmlns="jabber:client"><a:b/></message>', "bad-namespace-prefix"],
    ["too much", `<message xmlns="jabber:client"><body>${"x".repeat(300_000)}</body></message>`, "policy-violation"],
    [
      "too deep",
      `<message xmlns="jabber:client">${"<a>".repeat(40)}${"</a>".repeat(40)}</message>`,
      "policy-violation",
    ],
    ["a second open", OPEN, "bad-format"],
    ["an unknown framing element", `<pause xmlns="${NS.FRAMING}"/>`, "bad-format"],
  ])("%s ends a bound stream", async (_what, frame, condition) => {
    server = startServer();
    const other = await WebSocketClient.connect(server.url);
    await other.login();
    const client = await WebSocketClient.connect(server.url);
    await client.login();
    expect(await client.ask(frame)).toStartWith(error(condition));
    expect(await client.next()).toBe(CLOSE);
    await client.closed;
    expect(server.services.sessions.last.kinds).toEqual(["disconnected"]);
    expect(await other.ask(MESSAGE)).toBe(MESSAGE);
  });

  test.each([
    ["a stanza", MESSAGE, "bad-format"],
    ["an open of another namespace", '<open xmlns="urn:x" to="localhost" version="1.0"/>', "invalid-namespace"],
    ["the header of a TCP stream", `<stream:stream xmlns:stream="${NS.STREAM}" to="localhost">`, "not-well-formed"],
    ["an open for another host", OPEN.replace("localhost", "example.net"), "host-unknown"],
  ])("%s instead of the first open gets an open and the error", async (_what, frame, condition) => {
    server = startServer();
    const client = await WebSocketClient.connect(server.url);
    expect(await client.ask(frame)).toStartWith(`<open xmlns="${NS.FRAMING}" from="localhost" `);
    expect(await client.next()).toStartWith(error(condition));
    expect(await client.next()).toBe(CLOSE);
    await client.closed;
  });

  test("a frame beyond all bounds is cut off", async () => {
    server = startServer();
    const client = await WebSocketClient.connect(server.url);
    await client.login();
    client.send(`<message xmlns="jabber:client"><body>${"x".repeat(700_000)}</body></message>`);
    expect(await client.closed).not.toBe(1000);
    await waitFor(() => server.services.sessions.last.told.length > 0);
  });
});

describe("beside WebSockets of the app", () => {
  test("our handler passes theirs on", async () => {
    server = startServer();
    const client = await WebSocketClient.connect(server.url, [], "/echo");
    expect(await client.ask("hello")).toBe("echo hello");
    client.socket.close();
  });

  test("Hono's handler serves ours, without pings", async () => {
    server = startServer({}, "hono");
    const client = await WebSocketClient.connect(server.url);
    await client.login();
    const message = '<message xmlns="jabber:client"/>';
    expect(await client.ask(message)).toBe(message);
    expect(server.services.sessions.last.request.connection.probe(1)).toBe(false);
    expect(await client.ask(CLOSE)).toBe(CLOSE);
    await client.closed;
  });
});
