/** A server with its HTTP API on a free port. @module */
import { afterEach } from "bun:test";
import { type AmpactServer, createServer, type Scope, type ServerOptions } from "../../../mod.ts";
import { SILENT_LOG } from "../../../xmpp/log.ts";
import { ApiClient } from "./api_client.ts";

export interface ApiStage {
  readonly server: AmpactServer;
  readonly port: number;
  /** With a token of these scopes, both unless given. */
  client(scopes?: readonly Scope[]): Promise<ApiClient>;
}

/** Stops after each test whatever it has started. */
export function useApi(): (options?: ServerOptions) => Promise<ApiStage> {
  const stops: (() => Promise<unknown>)[] = [];
  afterEach(async () => {
    for (const stop of stops.splice(0).reverse()) await stop();
  });
  return async (options = {}) => {
    const server = createServer({ store: "sqlite::memory:", log: SILENT_LOG, ...options });
    await server.start();
    stops.push(() => server.stop());
    const app = server.app.route("/api", server.api);
    const http = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: app.fetch, websocket: server.websocket });
    stops.push(() => http.stop(true));
    const port = http.port!;
    return { server, port, client: (scopes) => ApiClient.withToken(server, port, scopes) };
  };
}
