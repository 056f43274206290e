/**
 * HTTP and WebSocket on Bun. Hono's helper does not fit: it echoes the first subprotocol offered, drops pongs, and
 * makes two objects for each frame. An app may still use `upgradeWebSocket` for its own WebSockets: the handler here
 * passes foreign sockets on, and our sockets have the fields that Hono's handler expects.
 * @module
 */
import type { Context } from "hono";
import type { BunServer, BunWebSocket, BunWebSocketHandler } from "./bun_types.ts";
import { closeForeign, type HonoSocketData, messageToForeign, openForeign } from "./foreign_socket.ts";
import type { ConnectWebSocket, HttpRuntime } from "./http_runtime.ts";
import type { Socket, WebSocketConnection } from "./websocket_connection.ts";

const IDLE_SECONDS = 120;
/** Of a time limit. */
const MOST_SECONDS = 255;
const BACKPRESSURE_BYTES = 64 * 1_048_576;
/** Hono's handler expects a URL on every socket; on ours it is never read. */
const SOME_URL = new URL("ws://localhost/");

export function createBunRuntime(options: { readonly maxPayloadBytes: number }): HttpRuntime {
  return {
    remoteAddress: (c) => serverOf(c)?.requestIP(c.req.raw)?.address,
    // The value stays for the next request of a kept connection, so 0 is used only when necessary.
    keepWaiting: (c, seconds) => serverOf(c)?.timeout(c.req.raw, seconds > MOST_SECONDS ? 0 : seconds),
    upgrade,
    websocket: createHandler(options.maxPayloadBytes),
  };
}

/** Bun's server, given as `fetch(request, server)` or `fetch(request, { server })`. */
function serverOf(c: Context): BunServer | undefined {
  const env = c.env as Record<string, unknown> | undefined;
  const server = env !== undefined && "server" in env ? env.server : env;
  return typeof (server as BunServer | undefined)?.upgrade === "function" ? (server as BunServer) : undefined;
}

function upgrade(c: Context, connect: ConnectWebSocket): Response | undefined {
  const server = serverOf(c);
  if (server === undefined) throw new TypeError("Cannot upgrade to WebSocket: fetch() was not given Bun's server");
  const headers = { "sec-websocket-protocol": "xmpp" };
  const done = server.upgrade(c.req.raw, { headers, data: new XmppSocketData(connect) });
  // Bun has taken the request over and ignores this response.
  return done ? new Response(null) : undefined;
}

/** There is one for every idle session, so fields are made on demand. */
class XmppSocketData implements HonoSocketData {
  #connect: ConnectWebSocket | undefined;
  #connection: WebSocketConnection | undefined;
  #events: HonoSocketData["events"] | undefined;

  constructor(connect: ConnectWebSocket) {
    this.#connect = connect;
  }

  open(socket: Socket): void {
    this.#connection = this.#connect?.(socket);
    this.#connect = undefined;
  }

  /** Undefined until open(). */
  get connection(): WebSocketConnection | undefined {
    return this.#connection;
  }

  // For Hono's own handler, which drops pongs

  get events(): HonoSocketData["events"] {
    this.#events ??= {
      onOpen: (_event, context) => this.open(new BunSocket(context.raw as BunWebSocket, false)),
      onMessage: (event) => this.#connection?.onMessage(event.data),
      onClose: () => this.#connection?.onClose(),
    };
    return this.#events;
  }

  get url(): InstanceType<typeof URL> {
    return SOME_URL;
  }

  get protocol(): string {
    return "xmpp";
  }
}

class BunSocket implements Socket {
  readonly pings: boolean;
  readonly #raw: BunWebSocket;

  /** `pings`: its pongs come to onPong(). */
  constructor(raw: BunWebSocket, pings: boolean) {
    this.#raw = raw;
    this.pings = pings;
  }

  get bufferedAmount(): number {
    return this.#raw.getBufferedAmount();
  }

  send(texts: readonly string[], ping?: string): boolean {
    return texts.length === 1 && ping === undefined ? this.#raw.send(texts[0]!) !== 0 : this.#sendAll(texts, ping);
  }

  #sendAll(texts: readonly string[], ping: string | undefined): boolean {
    let sent = true;
    // Corked, the frames leave in one write.
    this.#raw.cork(() => {
      for (const text of texts) sent = this.#raw.send(text) !== 0 && sent;
      if (ping !== undefined && sent) this.#raw.ping(ping);
    });
    return sent;
  }

  close(code: number): void {
    this.#raw.close(code);
  }
}

function createHandler(maxPayloadBytes: number): BunWebSocketHandler {
  return {
    maxPayloadLength: maxPayloadBytes,
    backpressureLimit: BACKPRESSURE_BYTES,
    // Bun pings a silent socket by itself and closes it when no answer comes, so dead peers are detected.
    idleTimeout: IDLE_SECONDS,
    sendPings: true,
    open(ws) {
      const { data } = ws;
      if (data instanceof XmppSocketData) data.open(new BunSocket(ws, true));
      else openForeign(ws);
    },
    message(ws, message) {
      const { data } = ws;
      if (data instanceof XmppSocketData) data.connection?.onMessage(message);
      else messageToForeign(ws, message);
    },
    pong(ws, payload) {
      if (ws.data instanceof XmppSocketData) ws.data.connection?.onPong(payload.toString());
    },
    close(ws, code, reason) {
      if (ws.data instanceof XmppSocketData) ws.data.connection?.onClose();
      else closeForeign(ws, code, reason);
    },
  };
}
