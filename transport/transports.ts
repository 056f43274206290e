/** All transports of the server. @module */
import type { Context, Hono } from "hono";
import type { StreamError } from "../xmpp/errors.ts";
import { createTransportApp } from "./app.ts";
import { createBunRuntime } from "./bun_runtime.ts";
import type { BunWebSocketHandler } from "./bun_types.ts";
import type { Peer } from "./client_address.ts";
import { createDenoRuntime } from "./deno_runtime.ts";
import { type HttpRuntime, peerOf } from "./http_runtime.ts";
import type { StreamServices } from "./stream_services.ts";
import { TcpListeners, type TcpListenOptions } from "./tcp/tcp_listeners.ts";
import type { CertificatePem } from "./tcp/tls_certificate.ts";
import { createTransportContext } from "./transport_context.ts";

/**
 * A frame may be larger than a stanza, so that a stanza that is too large gets a stream error instead of a closed
 * socket.
 */
const FRAME_SHARE = 2;
/** Time for the last output to leave. */
const FLUSH_MS = 100;

/** Listeners over TCP, one by one; closed with the other transports. */
export interface TcpAccess {
  /** For new connections. Throws when it cannot be used. */
  useCertificate(certificate: CertificatePem): void;
  /** Returns the port. Rejects when it cannot listen. */
  listen(options: TcpListenOptions): Promise<{ readonly host: string; readonly port: number }>;
}

export interface Transports {
  /** WebSocket, BOSH and XEP-0156; see app.ts. */
  readonly app: Hono;
  /** The `websocket` option of Bun.serve. On Deno it is not used. */
  readonly websocket: BunWebSocketHandler;
  readonly tcp: TcpListeners;
  readonly connectionCount: number;
  /** Who has sent a request. */
  peerOf(c: Context): Peer;
  /** Lets a request wait that long for its response, regardless of the HTTP server's own time limit. */
  keepWaiting(c: Context, seconds: number): void;
  /** Admits streams again after closeAll(). */
  open(): void;
  /** Ends every stream with the error, admits no new one, and resolves when the last output has left. */
  closeAll(error: StreamError): Promise<void>;
}

export function createTransports(services: StreamServices): Transports {
  const context = createTransportContext(services);
  const runtime = detectRuntime(services);
  const tcp = new TcpListeners(context);
  return {
    app: createTransportApp(context, runtime),
    websocket: runtime.websocket as BunWebSocketHandler,
    tcp,
    get connectionCount() {
      return context.connections.size;
    },
    peerOf: (c) => peerOf(c, runtime, context.trustsProxy),
    keepWaiting: (c, seconds) => runtime.keepWaiting(c, seconds),
    open: () => context.connections.open(),
    async closeAll(error) {
      tcp.close();
      context.connections.closeAll(error);
      await new Promise<void>((resolve) => services.schedule(FLUSH_MS, resolve));
    },
  };
}

function detectRuntime({ settings }: StreamServices): HttpRuntime {
  if ("Bun" in globalThis) return createBunRuntime({ maxPayloadBytes: settings.xmlLimits.maxBytes * FRAME_SHARE });
  if ("Deno" in globalThis) return createDenoRuntime();
  throw new Error("Cannot serve WebSocket: the runtime is neither Bun nor Deno");
}
