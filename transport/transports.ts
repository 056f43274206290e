/** Every way into the server, made at once. @module */
import type { Hono } from "hono";
import type { StreamError } from "../xmpp/errors.ts";
import { createTransportApp } from "./app.ts";
import { createBunRuntime } from "./bun_runtime.ts";
import type { BunWebSocketHandler } from "./bun_types.ts";
import { createDenoRuntime } from "./deno_runtime.ts";
import type { HttpRuntime } from "./http_runtime.ts";
import type { StreamServices } from "./stream_services.ts";
import { TcpListeners, type TcpListenOptions } from "./tcp/tcp_listeners.ts";
import type { CertificatePem } from "./tcp/tls_certificate.ts";
import { createTransportContext } from "./transport_context.ts";

/** A frame may be larger than a stanza, so that one that is too large is answered and not just cut off. */
const FRAME_SHARE = 2;
/** How long the last words may take to leave. */
const FLUSH_MS = 100;

/** Listeners over TCP, one by one; closed with the other transports. */
export interface TcpAccess {
  /** For connections from now on. Throws where it cannot be used. */
  useCertificate(certificate: CertificatePem): void;
  /** Returns where it listens. Rejects where it cannot. */
  listen(options: TcpListenOptions): Promise<{ readonly host: string; readonly port: number }>;
}

export interface Transports {
  /** WebSocket, BOSH and XEP-0156; see app.ts. */
  readonly app: Hono;
  /** Bun.serve's `websocket`, typed for it. There is none on Deno, where nobody asks for it. */
  readonly websocket: BunWebSocketHandler;
  readonly tcp: TcpListeners;
  readonly connectionCount: number;
  /** Admits streams again after closeAll(). */
  open(): void;
  /** Ends every stream with the error, admits no new one, and resolves when the last words have left. */
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
