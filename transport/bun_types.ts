/** The part of Bun's API that the transports use, so that the types of this package need no other package. @module */

/** A WebSocket of `Bun.serve`. */
export interface BunWebSocket {
  readonly data: unknown;
  readonly readyState: 0 | 1 | 2 | 3;
  getBufferedAmount(): number;
  /** 0: it was not sent. */
  send(data: string | ArrayBuffer | Uint8Array<ArrayBuffer>, compress?: boolean): number;
  ping(payload: string): number;
  close(code?: number, reason?: string): void;
  cork(task: () => void): unknown;
}

/** The option `websocket` of `Bun.serve`. */
export interface BunWebSocketHandler {
  readonly maxPayloadLength: number;
  readonly backpressureLimit: number;
  readonly idleTimeout: number;
  readonly sendPings: boolean;
  open(ws: BunWebSocket): void;
  message(ws: BunWebSocket, message: string | Uint8Array<ArrayBuffer>): void;
  /** `payload`: a Buffer with the payload of the ping. */
  pong(ws: BunWebSocket, payload: { toString(): string }): void;
  close(ws: BunWebSocket, code: number, reason: string): void;
}

/** What `Bun.serve` hands to `fetch`. */
export interface BunServer {
  requestIP(request: Request): { readonly address: string } | null;
  timeout(request: Request, seconds: number): void;
  upgrade(request: Request, options: { readonly headers: Record<string, string>; readonly data: unknown }): boolean;
}
