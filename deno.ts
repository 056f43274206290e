/**
 * All of `ampact`, with an HTTP server on Deno.
 *
 * @example
 * ```ts
 * import { createServer, serve } from "ampact/deno";
 *
 * const xmpp = createServer({ domains: ["localhost"], store: "sqlite:data/ampact.db" });
 * await xmpp.start();
 * serve(xmpp, { port: 5280 });
 * ```
 * @module
 */
import type { AmpactServer } from "./server/create_server.ts";
import { listenOnDeno } from "./server/deno_listener.ts";
import type { HttpListener } from "./server/http_listener.ts";
import { type ServeOptions, serveAddress } from "./server/serve_options.ts";

export * from "./mod.ts";
export type { HttpListener, ServeOptions };

/** Serves the app, or the server alone, over HTTP and WebSocket. Throws ListenError. */
export function serve(xmpp: AmpactServer, options: ServeOptions = {}): HttpListener {
  return listenOnDeno({ fetch: options.fetch ?? xmpp.fetch }, serveAddress(options));
}
