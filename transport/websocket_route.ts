/** GET /xmpp-websocket: RFC 7395 section 3.1. @module */
import type { Context } from "hono";
import { type HttpRuntime, peerOf } from "./http_runtime.ts";
import type { TransportContext } from "./transport_context.ts";
import { WebSocketConnection } from "./websocket_connection.ts";

export function createWebSocketRoute(context: TransportContext, runtime: HttpRuntime): (c: Context) => Response {
  return (c) => {
    if (c.req.header("upgrade")?.toLowerCase() !== "websocket") {
      c.header("Upgrade", "websocket");
      return c.text("An XMPP endpoint for WebSocket (RFC 7395): connect with the subprotocol xmpp.\n", 426);
    }
    const offered = c.req.header("sec-websocket-protocol")?.split(",") ?? [];
    if (!offered.some((name) => name.trim() === "xmpp")) {
      return c.text("The WebSocket subprotocol xmpp is required (RFC 7395).\n", 400);
    }
    const peer = peerOf(c, runtime, context.trustsProxy);
    if (!context.origins.allows(c.req.header("origin"), peer)) {
      return c.text("Pages of this origin may not connect (http.allowed_origins).\n", 403);
    }
    if (!context.connections.isOpen) return c.text("The server is shutting down.\n", 503);
    if (!context.connections.admits(peer.address, peer.security.loopback)) {
      return c.text("Too many connections from this address.\n", 429);
    }
    const response = runtime.upgrade(c, (socket) => new WebSocketConnection(context, socket, peer));
    return response ?? c.text("Not a WebSocket handshake.\n", 400);
  };
}
