import type { ServerWebSocket, WebSocketHandler } from "bun";
import type { Hono } from "hono";
import { NS } from "../../xmpp/ns.ts";
import { xml } from "../../xmpp/xml/xml.ts";
import { LocalClient } from "./local_client.ts";

/** Where WebSockets are accepted. */
export interface WebSocketEndpoint {
  readonly app: Hono;
  readonly websocket: WebSocketHandler<unknown>;
}

/** Over what is to the server a WebSocket of Bun's. */
export class LocalWebSocketClient extends LocalClient {
  /** The server's, and read by its handler. */
  data: unknown;
  readonly #handler: WebSocketHandler<unknown>;

  private constructor(handler: WebSocketHandler<unknown>) {
    super();
    this.#handler = handler;
  }

  static async connect({ app, websocket }: WebSocketEndpoint): Promise<LocalWebSocketClient> {
    const client = new LocalWebSocketClient(websocket);
    const headers = { upgrade: "websocket", connection: "upgrade", "sec-websocket-protocol": "xmpp" };
    const server = {
      requestIP: () => ({ address: "127.0.0.1" }),
      upgrade: (_request: Request, { data }: { readonly data: unknown }) => {
        client.data = data;
        return true;
      },
    };
    await app.fetch(new Request("http://localhost/xmpp-websocket", { headers }), server);
    websocket.open?.(client.#asSocket);
    return client;
  }

  protected header(domain: string): string {
    return xml`<open xmlns="${NS.FRAMING}" to="${domain}" version="1.0"/>`.text;
  }

  say(text: string): void {
    this.#handler.message?.(this.#asSocket, text);
  }

  vanish(): void {
    this.#handler.close?.(this.#asSocket, 1000, "");
  }

  get #asSocket(): ServerWebSocket<unknown> {
    return this as unknown as ServerWebSocket<unknown>;
  }

  // What the server does with a socket

  send(text: string): number {
    this.hear(text);
    return text.length;
  }

  /** The pong comes in a later turn of the event loop, as it would over a network. */
  ping(payload: string): void {
    const bytes = Buffer.from(payload);
    setImmediate(() => this.#handler.pong?.(this.#asSocket, bytes));
  }

  cork(write: () => void): void {
    write();
  }

  getBufferedAmount(): number {
    return 0;
  }

  close(): void {}
}
