/** An HTTP server for an app in which the server is mounted. @module */
import type { Hono } from "hono";
import type { BunWebSocketHandler } from "../transport/bun_types.ts";

export interface HttpListener {
  readonly port: number;
  /** Accepts no more connections, and cuts the open ones. */
  stop(): Promise<void>;
}

export interface HttpAddress {
  /** An IPv6 address may have the brackets of a URL. */
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
}

export interface HttpHandlers {
  readonly fetch: Hono["fetch"];
  /** For Bun. */
  readonly websocket: BunWebSocketHandler;
}

/** An IPv6 address without the brackets of a URL. */
export function hostName(host: string): string {
  return host.replace(/^\[(.*)\]$/, "$1");
}
