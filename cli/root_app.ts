/** All that the HTTP port of the program serves. @module */
import type { Hono } from "hono";
import type { AmpactServer } from "../server/create_server.ts";
import { createRootApp, PATHS } from "../transport/app.ts";

/** Where the HTTP API is; every path there has the usual 404 until a token exists. */
const API_PATH = "/api";

export function rootApp({ app, metrics, api, config }: Pick<AmpactServer, "app" | "metrics" | "api" | "config">): Hono {
  const text = `ampact, an XMPP server for ${config.domains.join(", ")}\nWebSocket: ${PATHS.websocket}\nBOSH: ${PATHS.bosh}\n`;
  return createRootApp()
    .route("/", app)
    .route("/", metrics)
    .route(API_PATH, api)
    .get("/", (c) => c.text(text));
}
