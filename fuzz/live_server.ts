/** A real server with a database in memory, on a free port, which keeps its ERROR records. @module */
import { createServer } from "../server/create_server.ts";

export const USER = "juliet";
export const PASSWORD = "wherefore art thou";

export interface LiveServer {
  readonly port: number;
  /** The first ERROR record since the last call. */
  error(): string | undefined;
  stop(): Promise<void>;
}

export async function startServer(): Promise<LiveServer> {
  const errors: string[] = [];
  const server = createServer({
    store: "sqlite::memory:",
    limits: { profile: "bench" },
    auth: { plainWithoutTls: "always" },
    log: {
      debug() {},
      info() {},
      warn() {},
      error: (what, record) =>
        errors.push(
          `${what} ${Object.values(record ?? {})
            .map(describe)
            .join(" ")}`,
        ),
    },
  });
  await server.start();
  for (const name of [USER, "romeo"]) await server.accounts.add(`${name}@localhost`, PASSWORD);
  const { app, websocket } = server;
  const http = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: app.fetch, websocket });
  return {
    port: http.port!,
    error: () => errors.splice(0)[0],
    async stop() {
      await server.stop();
      await http.stop(true);
    },
  };
}

function describe(value: unknown): string {
  return value instanceof Error ? (value.stack ?? value.message) : String(value);
}
