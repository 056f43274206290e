/** An HTTP server on Bun. @module */
import { type HttpAddress, type HttpHandlers, type HttpListener, hostName } from "./http_listener.ts";
import { ListenError } from "./listen_error.ts";

/** The part of Bun's API that is used; its types are not at hand under Deno. */
interface BunNamespace {
  serve(options: HttpHandlers & { readonly hostname: string; readonly port: number; readonly idleTimeout: number }): {
    readonly port?: number;
    stop(closeActiveConnections: boolean): Promise<void>;
  };
}

/** Time for a request to arrive, and between requests; held BOSH requests have a time limit of their own. */
const IDLE_SECONDS = 30;

/** Throws ListenError. */
export function listenOnBun({ fetch, websocket }: HttpHandlers, { host, port }: HttpAddress): HttpListener {
  const { Bun } = globalThis as unknown as { readonly Bun: BunNamespace };
  try {
    const http = Bun.serve({ hostname: hostName(host), port, fetch, websocket, idleTimeout: IDLE_SECONDS });
    return { port: http.port ?? port, stop: () => http.stop(true) };
  } catch (error) {
    throw new ListenError("HTTP", host, port, error);
  }
}
