/** A client's connection, WebSocket or TCP: bytes out, whole elements in. @module */
import type { Socket } from "bun";
import { frame, PONG, TEXT } from "./frame.ts";
import { FrameStanzaReader, type OnElement, type StanzaReader, StreamStanzaReader } from "./stanza_reader.ts";

export interface Endpoint {
  readonly transport: "ws" | "tcp";
  readonly port: number;
}

export interface SocketEvents {
  /** Stanzas can be sent. */
  opened(): void;
  readonly element: OnElement;
  /** All elements of one read have been given. */
  read(): void;
  /** Closed by the server, or failed. */
  lost(reason: string): void;
}

const HOST = "127.0.0.1";
const HEAD_END = "\r\n\r\n";
const SWITCHING = "HTTP/1.1 101";
/** Any 16 bytes in base64: the answer is not checked. */
const KEY = "YW1wYWN0IGxvYWQgdGVzdA==";

export class ClientSocket {
  readonly #endpoint: Endpoint;
  readonly #events: SocketEvents;
  readonly #reader: StanzaReader;
  #socket: Socket | undefined;
  #upgrading: boolean;
  /** What the system has not taken yet. */
  #waiting: Buffer[] = [];
  #closed = false;

  constructor(endpoint: Endpoint, events: SocketEvents) {
    this.#endpoint = endpoint;
    this.#events = events;
    this.#upgrading = endpoint.transport === "ws";
    this.#reader =
      endpoint.transport === "ws"
        ? new FrameStanzaReader((payload) => this.write(frame(PONG, payload)))
        : new StreamStanzaReader();
  }

  connect(): void {
    const lost = (reason: string) => this.#lost(reason);
    Bun.connect({
      hostname: HOST,
      port: this.#endpoint.port,
      socket: {
        open: (socket) => this.#onOpen(socket),
        data: (_, chunk) => this.#onData(chunk),
        drain: () => this.#drain(),
        close: () => lost("closed"),
        error: (_, error) => lost(error.message),
        connectError: (_, error) => lost(error.message),
      },
    }).catch((error: unknown) => lost(String(error)));
  }

  /** A stanza's bytes as they go over this connection. */
  encode(text: string): Buffer {
    const payload = Buffer.from(text);
    return this.#endpoint.transport === "ws" ? frame(TEXT, payload) : payload;
  }

  send(text: string): void {
    this.write(this.encode(text));
  }

  /** The bytes must not change afterwards. */
  write(bytes: Buffer): void {
    if (this.#closed || this.#socket === undefined) return;
    if (this.#waiting.length > 0) {
      this.#waiting.push(bytes);
      return;
    }
    const taken = Math.max(this.#socket.write(bytes), 0);
    if (taken < bytes.length) this.#waiting.push(bytes.subarray(taken));
  }

  close(): void {
    this.#closed = true;
    this.#socket?.end();
  }

  #onOpen(socket: Socket): void {
    this.#socket = socket;
    socket.setNoDelay(true);
    if (!this.#upgrading) return this.#events.opened();
    const lines = [
      "GET /xmpp-websocket HTTP/1.1",
      `Host: ${HOST}:${this.#endpoint.port}`,
      "Connection: Upgrade",
      "Upgrade: websocket",
      "Sec-WebSocket-Version: 13",
      "Sec-WebSocket-Protocol: xmpp",
      `Sec-WebSocket-Key: ${KEY}`,
    ];
    this.write(Buffer.from(lines.join("\r\n") + HEAD_END));
  }

  #onData(chunk: Buffer): void {
    if (this.#closed) return;
    if (this.#upgrading) return this.#onUpgrade(chunk);
    this.#reader.push(chunk, this.#events.element);
    this.#events.read();
  }

  /** The answer to the upgrade is short: it comes in one piece. */
  #onUpgrade(chunk: Buffer): void {
    const text = chunk.toString("latin1");
    const end = text.indexOf(HEAD_END);
    if (!text.startsWith(SWITCHING) || end === -1) return this.#lost(`no WebSocket: ${text.slice(0, 100)}`);
    this.#upgrading = false;
    this.#events.opened();
    if (chunk.length > end + HEAD_END.length) this.#onData(chunk.subarray(end + HEAD_END.length));
  }

  #drain(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const bytes of waiting) this.write(bytes);
  }

  #lost(reason: string): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#socket?.end();
    this.#events.lost(reason);
  }
}
