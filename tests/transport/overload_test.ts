import { afterEach, describe, expect, test } from "bun:test";
import { connect, type Socket } from "node:net";
import { MAX_BACKLOG } from "../../transport/backlog_limits.ts";
import { NS } from "../../xmpp/ns.ts";
import { settled, waitFor } from "./fake_carrier.ts";
import { bindIq, type FakeSession, plainAuth } from "./fake_services.ts";
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
const MESSAGE = '<message xmlns="jabber:client"/>';
const CHUNK = `<message xmlns="jabber:client"><body>${"x".repeat(1_000_000)}</body></message>`;
/** What the kernel may take on both sides. */
const IN_TRANSIT = 16;

async function dial(port: number): Promise<{ socket: Socket; until: (part: string) => Promise<void> }> {
  const socket = connect(port, "127.0.0.1");
  sockets.push(socket);
  let text = "";
  socket.on("data", (data) => {
    text += data.toString("latin1");
  });
  socket.on("error", () => {});
  await new Promise((resolve) => socket.once("connect", resolve));
  const until = async (part: string) => {
    await waitFor(() => text.includes(part));
    text = "";
  };
  return { socket, until };
}

const lastSession = (): FakeSession => server.services.sessions.last;

const CLIENTS = {
  /** A WebSocket by hand: a real one cannot stop reading. */
  async websocket(): Promise<void> {
    const { socket, until } = await dial(server.port);
    socket.write(UPGRADE);
    await until(" 101 ");
    for (const [text, answer] of [
      [OPEN, "</stream:features>"],
      [plainAuth("user"), "<success"],
      [OPEN, "</stream:features>"],
      [bindIq(), "</iq>"],
    ] as const) {
      socket.write(frame(text));
      await until(answer);
    }
    socket.pause();
  },

  async tcp(): Promise<void> {
    const { port } = await server.transports.tcp.listen({ host: "127.0.0.1", port: 0, mode: "starttls" });
    const { socket, until } = await dial(port);
    for (const [text, answer] of [
      [HEADER, "</stream:features>"],
      [plainAuth("user"), "<success"],
      [HEADER, "</stream:features>"],
      [bindIq(), "</iq>"],
    ] as const) {
      socket.write(text);
      await until(answer);
    }
    socket.pause();
  },

  async bosh(): Promise<void> {
    const post = async (attributes: string, payload = "") =>
      (
        await fetch(`${server.url}/http-bind`, {
          method: "POST",
          body: `<body xmlns="${NS.HTTPBIND}" xmlns:xmpp="${NS.XBOSH}" ${attributes}>${payload}</body>`,
        })
      ).text();
    const created = await post('rid="1" to="localhost" ver="1.6" wait="60" hold="1" xmpp:version="1.0"');
    const sid = `sid="${/ sid="([^"]+)"/.exec(created)![1]}"`;
    await post(`rid="2" ${sid}`, plainAuth("user"));
    await post(`rid="3" ${sid} to="localhost" xmpp:restart="true"`);
    await post(`rid="4" ${sid}`, bindIq());
  },
};

describe.each(["websocket", "tcp", "bosh"] as const)("a client over %s that does not read", (transport) => {
  test("is cut off at a bound, and no other is", async () => {
    server = startServer();
    const other = await WebSocketClient.connect(server.url);
    await other.login();
    await CLIENTS[transport]();
    const session = lastSession();
    const { connection } = session.request;
    let sent = 0;
    let most = 0;
    while (session.told.length === 0 && sent < 100) {
      connection.send(CHUNK);
      sent++;
      most = Math.max(most, connection.backlog);
      if (sent % 4 === 0) await settled();
    }
    expect(session.told).toMatchObject([{ kind: "disconnected", clean: false }]);
    expect(most).toBeGreaterThan(MAX_BACKLOG - 8 * CHUNK.length);
    expect(sent).toBeLessThan((MAX_BACKLOG * 1.5) / CHUNK.length + IN_TRANSIT);
    expect(connection.backlog).toBe(0);
    expect(await other.ask(MESSAGE)).toBe(MESSAGE);
    // A BOSH session still has to tell its client of the end.
    await waitFor(() => server.transports.connectionCount <= (transport === "bosh" ? 2 : 1));
  });
});

describe("a client that dawdles over its login", () => {
  test.each([
    ["says nothing", []],
    ["sends its header byte by byte", [...HEADER]],
    ["sends white space for ever", [HEADER, ..." ".repeat(1000)]],
    ["begins a stanza and never ends it", [HEADER, "<iq>", ..."x".repeat(1000)]],
  ])("and %s is shown out in time", async (_what, pieces) => {
    server = startServer({ negotiationMs: 150 });
    const { port } = await server.transports.tcp.listen({ host: "127.0.0.1", port: 0, mode: "starttls" });
    const { socket, until } = await dial(port);
    let ended = false;
    socket.on("close", () => {
      ended = true;
    });
    const begun = performance.now();
    const drip = (async () => {
      for (const piece of pieces) {
        if (ended) return;
        socket.write(piece);
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    })();
    await until("<connection-timeout ");
    expect(performance.now() - begun).toBeLessThan(1000);
    await waitFor(() => server.transports.connectionCount === 0);
    await drip;
  });
});
