/** A server on a free port with an empty store in memory, for tests with real clients. @module */
import { type AmpactServer, createServer, type ServerOptions } from "../../mod.ts";
import { SILENT_LOG } from "../../xmpp/log.ts";

export const PASSWORD = "secret";

export interface LiveServer {
  readonly server: AmpactServer;
  readonly webSocketUrl: string;
  readonly boshUrl: string;
  stop(): Promise<void>;
}

/** With accounts of these names at the domain localhost. Anybody may ask for reports unless the options say otherwise. */
export async function startLiveServer(names: readonly string[], options: ServerOptions = {}): Promise<LiveServer> {
  const server = createServer({
    store: "sqlite::memory:",
    log: SILENT_LOG,
    amp: { presencePolicy: "open" },
    ...options,
  });
  await server.start();
  for (const name of names) await server.accounts.add(`${name}@localhost`, PASSWORD);
  const http = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch: server.app.fetch,
    websocket: server.websocket as Bun.WebSocketHandler<undefined>,
    idleTimeout: 255,
  });
  return {
    server,
    webSocketUrl: `ws://127.0.0.1:${http.port}/xmpp-websocket`,
    boshUrl: `http://127.0.0.1:${http.port}/http-bind`,
    async stop() {
      await server.stop();
      await http.stop(true);
    },
  };
}
