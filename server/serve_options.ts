/** The options of `serve()` in `ampact/bun` and `ampact/deno`. @module */
import type { Hono } from "hono";
import type { HttpAddress } from "./http_listener.ts";

export interface ServeOptions {
  /** 127.0.0.1 unless given. */
  readonly hostname?: string;
  /** 5280 unless given; 0: any free port. */
  readonly port?: number;
  /** Of the app in which the server is mounted; the server alone unless given. */
  readonly fetch?: Hono["fetch"];
}

export function serveAddress({ hostname = "127.0.0.1", port = 5280 }: ServeOptions): HttpAddress {
  return { host: hostname, port };
}
