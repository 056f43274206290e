/** A web site with the Converse client of the npm package, and the server behind it, on one free port. @module */
import { type AmpactServer, createServer } from "../../server/create_server.ts";
import { SILENT_LOG } from "../../xmpp/log.ts";

export const PASSWORD = "wherefore art thou";
export const DOMAIN = "localhost";
export type WebTransport = "websocket" | "bosh";

const PAGE = new URL("converse.html", import.meta.url).pathname;
const DIST = new URL("../../node_modules/converse.js/dist/", import.meta.url).pathname;
/** Bun's most; a BOSH request waits for up to 60 s. */
const IDLE_SECONDS = 255;

export class ConverseSite {
  readonly server: AmpactServer;
  readonly #http: ReturnType<typeof Bun.serve>;

  private constructor(server: AmpactServer) {
    this.server = server;
    this.#http = Bun.serve({
      hostname: "127.0.0.1",
      port: 0,
      idleTimeout: IDLE_SECONDS,
      websocket: server.websocket as Bun.WebSocketHandler<undefined>,
      fetch: (request, http) => staticFile(new URL(request.url).pathname) ?? server.app.fetch(request, http),
    });
  }

  /** With accounts of these names. */
  static async start(names: readonly string[]): Promise<ConverseSite> {
    const server = createServer({ store: "sqlite::memory:", log: SILENT_LOG });
    await server.start();
    for (const name of names) await server.accounts.add(`${name}@${DOMAIN}`, PASSWORD);
    return new ConverseSite(server);
  }

  /**
   * Browsers take `localhost` for a secure context, which SCRAM needs. The JID is full: for a bare one Converse makes up
   * another resource on every load, and then sends it as `from` on the stream that it resumed under the old one.
   */
  url(name: string, transport: WebTransport): string {
    const query = new URLSearchParams({ jid: `${name}@${DOMAIN}/converse`, password: PASSWORD, transport });
    return `http://localhost:${this.#http.port}/converse?${query}`;
  }

  async stop(): Promise<void> {
    await this.server.stop();
    await this.#http.stop(true);
  }
}

function staticFile(path: string): Response | undefined {
  if (path === "/converse") return new Response(Bun.file(PAGE));
  if (path.startsWith("/dist/")) return new Response(Bun.file(DIST + path.slice("/dist/".length)));
  // libomemo looks for it beside the page.
  if (path === "/curve25519_compiled.wasm") return new Response(Bun.file(DIST + path.slice(1)));
  return undefined;
}
