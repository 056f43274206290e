/**
 * All of `ampact`, with an HTTP server on Bun.
 *
 * @example
 * ```ts
 * import { createServer, serve } from "ampact/bun";
 *
 * const xmpp = createServer({ domains: ["localhost"], store: "sqlite:data/ampact.db" });
 * await xmpp.start();
 * serve(xmpp, { port: 5280 });
 * ```
 * @module
 */
import { listenOnBun } from "./server/bun_listener.ts";
import type { AmpactServer } from "./server/create_server.ts";
import type { HttpListener } from "./server/http_listener.ts";
import { type ServeOptions, serveAddress } from "./server/serve_options.ts";

export * from "./mod.ts";
export type { HttpListener, ServeOptions };

/** Serves the app, or the server alone, over HTTP and WebSocket. Throws ListenError. */
export function serve(xmpp: AmpactServer, options: ServeOptions = {}): HttpListener {
  return listenOnBun({ fetch: options.fetch ?? xmpp.fetch, websocket: xmpp.websocket }, serveAddress(options));
}
