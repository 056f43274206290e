import { encodeFrame, TEXT } from "../../chaos/websocket_frames.ts";
import { NS } from "../../xmpp/ns.ts";
import { bindIq, plainAuth } from "./fake_services.ts";

/** A WebSocket whose frames can be awaited. */
export class WebSocketClient {
  readonly socket: WebSocket;
  readonly closed: Promise<number>;
  #frames: string[] = [];
  #waiting: ((frame: string) => void)[] = [];

  private constructor(url: string, protocols: string[]) {
    this.socket = new WebSocket(url, protocols);
    this.socket.onmessage = (event) => {
      const waiting = this.#waiting.shift();
      if (waiting === undefined) this.#frames.push(event.data);
      else waiting(event.data);
    };
    this.closed = new Promise((resolve) => {
      this.socket.onclose = (event) => resolve(event.code);
    });
  }

  static async connect(url: string, protocols = ["xmpp"], path = "/xmpp-websocket"): Promise<WebSocketClient> {
    const client = new WebSocketClient(url.replace("http", "ws") + path, protocols);
    await new Promise<void>((resolve, reject) => {
      client.socket.onopen = () => resolve();
      client.socket.onerror = () => reject(new Error("no connection"));
    });
    return client;
  }

  send(data: string | NodeJS.NonSharedUint8Array): void {
    this.socket.send(data);
  }

  /** The next frame. */
  next(): Promise<string> {
    const frame = this.#frames.shift();
    if (frame !== undefined) return Promise.resolve(frame);
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  async ask(text: string | NodeJS.NonSharedUint8Array): Promise<string> {
    this.send(text);
    return this.next();
  }

  /** Opens a stream and reads its features. */
  async open(): Promise<string> {
    await this.ask(OPEN);
    return this.next();
  }

  async login(): Promise<void> {
    await this.open();
    await this.ask(plainAuth("user"));
    await this.open();
    await this.ask(bindIq());
  }
}

export const OPEN = `<open xmlns="${NS.FRAMING}" to="localhost" version="1.0"/>`;
export const CLOSE = `<close xmlns="${NS.FRAMING}"/>`;

/** For a WebSocket by hand: a real one cannot stop reading. */
export const UPGRADE =
  "GET /xmpp-websocket HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n" +
  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: xmpp\r\n\r\n";

export function frame(text: string): Buffer {
  return encodeFrame(TEXT, Buffer.from(text));
}
