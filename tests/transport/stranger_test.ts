import { afterEach, describe, expect, test } from "bun:test";
import { connect, type Socket } from "node:net";
import { gzipSync } from "node:zlib";
import { MAX_BACKLOG, MAX_STRANGER_BACKLOG } from "../../transport/backlog_limits.ts";
import { NS } from "../../xmpp/ns.ts";
import { settled, waitFor } from "./fake_carrier.ts";
import { bindIq, plainAuth } from "./fake_services.ts";
import { type LiveServer, startServer } from "./live_server.ts";
import { frame, OPEN, UPGRADE, WebSocketClient } from "./websocket_client.ts";

let server: LiveServer;
let sockets: Socket[] = [];
afterEach(async () => {
  for (const socket of sockets) socket.destroy();
  sockets = [];
  server.transports.tcp.close();
  await server.stop();
});

const HEADER = `<stream:stream to='localhost' version='1.0' xmlns='jabber:client' xmlns:stream='${NS.STREAM}'>`;
const ASKS = `<r xmlns='${NS.SM}'/>`;
/** Of the answer to it. */
const ANSWER_BYTES = 104;
/** What the kernel may take on both sides. */
const IN_TRANSIT = 10_000_000;

/** A stanza of so many bytes. */
function stanza(bytes: number): string {
  const [start, end] = ['<message xmlns="jabber:client"><body>', "</body></message>"];
  return `${start}${"x".repeat(bytes - start.length - end.length)}${end}`;
}

interface Client {
  /** Sends each, and resolves with what came when the last of them is answered or the stream has ended. */
  say(...texts: readonly string[]): Promise<string>;
  login(): Promise<void>;
}

class TcpClient implements Client {
  readonly socket: Socket;
  #text = "";

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on("data", (data) => {
      this.#text += data.toString();
    });
    socket.on("error", () => {});
  }

  static async open(): Promise<TcpClient> {
    const { port } = await server.transports.tcp.listen({ host: "127.0.0.1", port: 0, mode: "starttls" });
    const socket = connect(port, "127.0.0.1");
    sockets.push(socket);
    const client = new TcpClient(socket);
    socket.write(HEADER);
    await client.until("</stream:features>");
    return client;
  }

  async until(...parts: readonly string[]): Promise<string> {
    await waitFor(() => parts.some((part) => this.#text.includes(part)));
    const text = this.#text;
    this.#text = "";
    return text;
  }

  async say(...texts: readonly string[]): Promise<string> {
    for (const text of texts) this.socket.write(text);
    return this.until("</failed>", "</stream:stream>", "</message>");
  }

  async login(): Promise<void> {
    this.socket.write(plainAuth("user"));
    await this.until("<success");
    this.socket.write(HEADER);
    await this.until("</stream:features>");
    this.socket.write(bindIq());
    await this.until("</iq>");
  }
}

class WsClient implements Client {
  readonly #client: WebSocketClient;
  constructor(client: WebSocketClient) {
    this.#client = client;
  }

  static async open(): Promise<WsClient> {
    const client = await WebSocketClient.connect(server.url);
    await client.open();
    return new WsClient(client);
  }

  say(...texts: readonly string[]): Promise<string> {
    for (const text of texts) this.#client.send(text);
    return this.#client.next();
  }

  async login(): Promise<void> {
    await this.#client.ask(plainAuth("user"));
    await this.#client.open();
    await this.#client.ask(bindIq());
  }
}

class BoshClient implements Client {
  readonly #encoding: "gzip" | "identity";
  #sid = "";
  #rid = 1;

  constructor(encoding: "gzip" | "identity") {
    this.#encoding = encoding;
  }

  static async open(encoding: "gzip" | "identity"): Promise<BoshClient> {
    const client = new BoshClient(encoding);
    const created = await client.post('to="localhost" ver="1.6" wait="60" hold="1" ack="1" xmpp:version="1.0"');
    client.#sid = / sid="([^"]+)"/.exec(created)![1]!;
    return client;
  }

  async post(attributes: string, payload = ""): Promise<string> {
    const sid = this.#sid === "" ? "" : `sid="${this.#sid}"`;
    const body = `<body xmlns="${NS.HTTPBIND}" xmlns:xmpp="${NS.XBOSH}" ${sid} rid="${++this.#rid}" ${attributes}>${payload}</body>`;
    const headers = { "content-encoding": this.#encoding };
    const init = this.#encoding === "gzip" ? { body: gzipSync(body), headers } : { body };
    return (await fetch(`${server.url}/http-bind`, { method: "POST", ...init })).text();
  }

  say(...texts: readonly string[]): Promise<string> {
    return this.post("", texts.join(""));
  }

  async login(): Promise<void> {
    await this.say(plainAuth("user"));
    await this.post('to="localhost" xmpp:restart="true"');
    await this.say(bindIq());
  }
}

const OPENERS: Record<string, () => Promise<Client>> = {
  tcp: () => TcpClient.open(),
  websocket: () => WsClient.open(),
  bosh: () => BoshClient.open("identity"),
  "compressed bosh": () => BoshClient.open("gzip"),
};

describe.each(Object.keys(OPENERS))("before login over %s", (transport) => {
  test("a stanza may have so many bytes, and more once it is known who sends it", async () => {
    server = startServer();
    const stranger = await OPENERS[transport]!();
    expect(await stranger.say(stanza(17_000))).toContain("policy-violation");
    const client = await OPENERS[transport]!();
    await client.login();
    expect(await client.say(stanza(200_000))).toContain(stanza(200_000));
  });

  test("a smaller one is looked at", async () => {
    server = startServer();
    const stranger = await OPENERS[transport]!();
    expect(await stranger.say(stanza(15_000))).toContain("not-authorized");
  });
});

test("the bound holds for a stanza whose end does not come", async () => {
  server = startServer();
  const stranger = await TcpClient.open();
  const text = stanza(17_000);
  expect(await stranger.say(text.slice(0, 10_000), text.slice(10_000, -20))).toContain("policy-violation");
});

test("a compressed request is decoded no further than to its bound", async () => {
  server = startServer();
  const stranger = await BoshClient.open("gzip");
  expect(await stranger.say(" ".repeat(2_000_000))).toContain('condition="policy-violation"');
});

test.each(["identity", "gzip"] as const)(
  "a request of a session that is not here is not read (%s)",
  async (encoding) => {
    server = startServer();
    const body = `<body xmlns="${NS.HTTPBIND}" rid="1" sid="none"><not well formed`;
    const compressed = encoding === "gzip" ? gzipSync(body) : body;
    const init = { method: "POST", body: compressed, headers: { "content-encoding": encoding } };
    const answer = await (await fetch(`${server.url}/http-bind`, init)).text();
    expect(answer).toContain('condition="item-not-found"');
  },
);

describe("answers to a stranger that does not read", () => {
  test("over TCP are few, then the connection ends", async () => {
    server = startServer();
    const { socket } = await TcpClient.open();
    socket.pause();
    expect(await floodUntilClosed((text) => socket.write(text))).toBeLessThan(IN_TRANSIT);
  });

  test("over WebSocket are few, then the connection ends", async () => {
    server = startServer();
    const socket = connect(server.port, "127.0.0.1");
    sockets.push(socket);
    socket.on("error", () => {});
    socket.write(UPGRADE);
    await waitFor(() => server.transports.connectionCount === 1);
    socket.write(frame(OPEN));
    const asks = Buffer.concat(new Array(100).fill(frame(ASKS)));
    expect(await floodUntilClosed(() => socket.write(asks))).toBeLessThan(IN_TRANSIT);
  });

  test("over BOSH are few, those that are kept to be sent again among them", async () => {
    server = startServer();
    const client = await BoshClient.open("identity");
    const asks = ASKS.repeat(300);
    let answers = 0;
    for (;;) {
      const answer = await client.say(asks);
      if (answer.includes("policy-violation")) break;
      answers += answer.length;
      expect(answers).toBeLessThan(MAX_STRANGER_BACKLOG * 2);
    }
    expect(answers).toBeGreaterThan(300 * ANSWER_BYTES);
  });
});

/** Writes questions, a hundred at a time. Returns the bytes of their answers. */
async function floodUntilClosed(write: (text: string) => void): Promise<number> {
  const asks = ASKS.repeat(100);
  let answers = 0;
  while (server.transports.connectionCount > 0) {
    write(asks);
    answers += 100 * ANSWER_BYTES;
    if (answers > MAX_BACKLOG + IN_TRANSIT) throw new Error("the connection is still open");
    await settled();
  }
  return answers;
}
