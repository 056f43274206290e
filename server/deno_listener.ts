/** An HTTP server on Deno. @module */
import { type HttpAddress, type HttpHandlers, type HttpListener, hostName } from "./http_listener.ts";
import { ListenError } from "./listen_error.ts";

/** The part of Deno's API that is used; its types are not at hand under Bun. */
interface DenoNamespace {
  serve(
    options: {
      readonly hostname: string;
      readonly port: number;
      readonly onListen: () => void;
      readonly signal: AbortSignal;
    },
    handler: (request: Request, info: object) => Response | Promise<Response>,
  ): { readonly addr: { readonly port: number }; readonly finished: Promise<void> };
}

/** Throws ListenError. */
export function listenOnDeno({ fetch }: Pick<HttpHandlers, "fetch">, { host, port }: HttpAddress): HttpListener {
  const { Deno } = globalThis as unknown as { readonly Deno: DenoNamespace };
  const abort = new AbortController();
  try {
    const http = Deno.serve({ hostname: hostName(host), port, onListen: () => {}, signal: abort.signal }, fetch);
    return {
      port: http.addr.port,
      stop: () => {
        abort.abort();
        return http.finished;
      },
    };
  } catch (error) {
    throw new ListenError("HTTP", host, port, error);
  }
}
