/** All HTTP endpoints as one Hono app, to be mounted in another: `app.route("/", xmpp.app)`. @module */
import { Hono } from "hono";
import { getPath } from "hono/utils/url";
import { createBoshRoute } from "./bosh/bosh_route.ts";
import { hostMeta, hostMetaJson } from "./host_meta.ts";
import type { HttpRuntime } from "./http_runtime.ts";
import type { TransportContext } from "./transport_context.ts";
import { createWebSocketRoute } from "./websocket_route.ts";

export const PATHS = { websocket: "/xmpp-websocket", bosh: "/http-bind" } as const;

/** A path that no URL has: URL parsing removes the dot. */
const WITHOUT_URL = "/.";

export function createTransportApp(context: TransportContext, runtime: HttpRuntime): Hono {
  const { domains, publicUrl } = context.services.settings;
  const bosh = createBoshRoute(context, runtime);
  // RFC 9112 section 3.2: 400 for an invalid Host. The request then has no URL.
  return new Hono({ getPath: (request) => (URL.canParse(request.url) ? getPath(request) : WITHOUT_URL) })
    .all(WITHOUT_URL, (c) => c.text("Cannot read the Host header\n", 400))
    .get(PATHS.websocket, createWebSocketRoute(context, runtime))
    .post(PATHS.bosh, (c) => bosh.post(c))
    .options(PATHS.bosh, (c) => bosh.options(c))
    .get(PATHS.bosh, (c) => bosh.get(c))
    .get("/.well-known/host-meta", (c) => hostMeta(c, PATHS, publicUrl))
    .get("/.well-known/host-meta.json", (c) => hostMetaJson(c, PATHS, publicUrl))
    .get("/", (c) =>
      c.text(`ampact, an XMPP server for ${domains.join(", ")}\nWebSocket: ${PATHS.websocket}\nBOSH: ${PATHS.bosh}\n`),
    );
}
