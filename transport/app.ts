/**
 * All HTTP endpoints as one Hono app, to be mounted in another, at its root or below a path: `app.route("/", xmpp.app)`.
 * It answers on its own paths only.
 * @module
 */
import { type Context, Hono } from "hono";
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
  const { publicUrl } = context.services.settings;
  const bosh = createBoshRoute(context, runtime);
  return new Hono({ getPath: pathOf })
    .all(WITHOUT_URL, badHost)
    .get(PATHS.websocket, createWebSocketRoute(context, runtime))
    .post(PATHS.bosh, (c) => bosh.post(c))
    .options(PATHS.bosh, (c) => bosh.options(c))
    .get(PATHS.bosh, (c) => bosh.get(c))
    .get("/.well-known/host-meta", (c) => hostMeta(c, PATHS, publicUrl))
    .get("/.well-known/host-meta.json", (c) => hostMetaJson(c, PATHS, publicUrl));
}

/** An app for the whole of an HTTP server: nothing stands before it that reads the Host header. */
export function createRootApp(): Hono {
  return new Hono({ getPath: pathOf }).all(WITHOUT_URL, badHost);
}

/** The app where its caller has picked the request: below any path. Routes that the app gets later are not in it. */
export function createFetch(app: Hono): Hono["fetch"] {
  const own = app.routes.map(({ path }) => path);
  const getPath = (request: Request): string => {
    const path = pathOf(request);
    return own.find((known) => path.endsWith(known)) ?? path;
  };
  return new Hono({ getPath }).route("/", app).fetch;
}

function pathOf(request: Request): string {
  return URL.canParse(request.url) ? getPath(request) : WITHOUT_URL;
}

/** RFC 9112 section 3.2: 400 for an invalid Host. The request then has no URL. */
function badHost(c: Context): Response {
  return c.text("Cannot read the Host header\n", 400);
}
