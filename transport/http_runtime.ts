/** What the HTTP routes need from the runtime. @module */
import type { Context } from "hono";
import type { BunWebSocketHandler } from "./bun_types.ts";
import { type Peer, peerOfRequest, type TrustsProxy } from "./client_address.ts";
import type { Socket, WebSocketConnection } from "./websocket_connection.ts";

export type ConnectWebSocket = (socket: Socket) => WebSocketConnection;

export interface HttpRuntime {
  /** Address of the TCP connection's other end. */
  remoteAddress(c: Context): string | undefined;
  /** Lets a request wait that long for its response, regardless of the HTTP server's own time limit. */
  keepWaiting(c: Context, seconds: number): void;
  /** Accepts the WebSocket with the subprotocol `xmpp`; undefined when the request is no WebSocket upgrade. */
  upgrade(c: Context, connect: ConnectWebSocket): Response | undefined;
  /** The app passes this to its server besides `fetch`: Bun's `websocket` option. */
  readonly websocket: BunWebSocketHandler | undefined;
}

export function peerOf(c: Context, runtime: HttpRuntime, trusts: TrustsProxy): Peer {
  const origin = {
    remote: runtime.remoteAddress(c),
    https: c.req.url.startsWith("https:") || c.req.url.startsWith("wss:"),
    forwardedFor: c.req.header("x-forwarded-for"),
    forwardedProto: c.req.header("x-forwarded-proto"),
  };
  return peerOfRequest(origin, trusts);
}
