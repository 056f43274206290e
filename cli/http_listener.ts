/** An HTTP server for the app, on Bun or Deno. @module */
import type { AmpactServer } from "../server/create_server.ts";
import { ListenError } from "../server/listen_error.ts";

export interface HttpListener {
  readonly port: number;
  /** Accepts no more connections, and cuts the open ones. */
  stop(): Promise<void>;
}

export interface HttpAddress {
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
}

/** The part of Bun's API that is used; its types are not at hand under Deno. */
interface BunNamespace {
  serve(options: {
    readonly hostname: string;
    readonly port: number;
    readonly fetch: AmpactServer["app"]["fetch"];
    readonly websocket: AmpactServer["websocket"];
    readonly idleTimeout: number;
  }): { readonly port?: number; stop(closeActiveConnections: boolean): Promise<void> };
}

/** The part of Deno's API that is used; its types are not at hand under Bun. */
interface DenoNamespace {
  serve(
    options: { readonly hostname: string; readonly port: number; readonly onListen: () => void; signal: AbortSignal },
    handler: (request: Request, info: object) => Response | Promise<Response>,
  ): { readonly addr: { readonly port: number }; readonly finished: Promise<void> };
}

/** Time for a request to arrive, and between requests; held BOSH requests have a time limit of their own. */
const IDLE_SECONDS = 30;

/** Throws ListenError. */
export function listenHttp(server: Pick<AmpactServer, "app" | "websocket">, address: HttpAddress): HttpListener {
  try {
    return "Deno" in globalThis ? listenOnDeno(server, address) : listenOnBun(server, address);
  } catch (error) {
    throw new ListenError("HTTP", address.host, address.port, error);
  }
}

function listenOnBun({ app, websocket }: Pick<AmpactServer, "app" | "websocket">, address: HttpAddress): HttpListener {
  const { Bun } = globalThis as unknown as { readonly Bun: BunNamespace };
  const http = Bun.serve({
    hostname: hostName(address.host),
    port: address.port,
    fetch: app.fetch,
    websocket,
    idleTimeout: IDLE_SECONDS,
  });
  return { port: http.port ?? address.port, stop: () => http.stop(true) };
}

function listenOnDeno({ app }: Pick<AmpactServer, "app">, address: HttpAddress): HttpListener {
  const { Deno } = globalThis as unknown as { readonly Deno: DenoNamespace };
  const abort = new AbortController();
  const http = Deno.serve(
    { hostname: hostName(address.host), port: address.port, onListen: () => {}, signal: abort.signal },
    app.fetch,
  );
  return {
    port: http.addr.port,
    stop: () => {
      abort.abort();
      return http.finished;
    },
  };
}

/** An IPv6 address without the brackets of a URL. */
function hostName(host: string): string {
  return host.replace(/^\[(.*)\]$/, "$1");
}
