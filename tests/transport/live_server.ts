import type { Server } from "bun";
import { Hono } from "hono";
import { websocket as honoWebSocket, upgradeWebSocket } from "hono/bun";
import type { StreamSettings } from "../../transport/stream_services.ts";
import { createTransports, type Transports } from "../../transport/transports.ts";
import { type FakeServices, fakeServices } from "./fake_services.ts";

export interface LiveServer {
  readonly services: FakeServices;
  readonly transports: Transports;
  readonly url: string;
  readonly port: number;
  stop(): Promise<void>;
}

/** The transports in an app that has a WebSocket of its own, on a free port, over the fake sessions. */
export function startServer(settings: Partial<StreamSettings> = {}, handler: "ours" | "hono" = "ours"): LiveServer {
  const services = fakeServices(settings, true);
  const transports = createTransports(services);
  const app = new Hono()
    .get(
      "/echo",
      upgradeWebSocket(() => ({ onMessage: (event, ws) => ws.send(`echo ${event.data}`) })),
    )
    .route("/", transports.app);
  const websocket = (handler === "ours" ? transports.websocket : honoWebSocket) as Bun.WebSocketHandler<undefined>;
  const server: Server<undefined> = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: app.fetch, websocket });
  return {
    services,
    transports,
    url: `http://127.0.0.1:${server.port}`,
    port: server.port!,
    async stop() {
      await server.stop(true);
    },
  };
}
