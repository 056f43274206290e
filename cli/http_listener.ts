/** An HTTP server for the app, on Bun or Deno. @module */
import { listenOnBun } from "../server/bun_listener.ts";
import { listenOnDeno } from "../server/deno_listener.ts";
import type { HttpAddress, HttpHandlers, HttpListener } from "../server/http_listener.ts";

export type { HttpAddress, HttpListener };

/** Throws ListenError. */
export function listenHttp(handlers: HttpHandlers, address: HttpAddress): HttpListener {
  return "Deno" in globalThis ? listenOnDeno(handlers, address) : listenOnBun(handlers, address);
}
