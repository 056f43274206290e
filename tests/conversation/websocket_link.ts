/** A client's WebSocket (RFC 6455, RFC 7395) over a bare socket, so that pongs can be withheld and the socket cut. @module */
import { randomBytes } from "node:crypto";
import { connect, type Socket } from "node:net";
import { BINARY, CLOSE, encodeFrame, type Frame, FrameReader, PING, PONG, TEXT } from "../../chaos/websocket_frames.ts";
import { NS } from "../../xmpp/ns.ts";
import { Element } from "../../xmpp/xml/element.ts";
import { scanElement } from "../../xmpp/xml/element_reader.ts";
import { DEFAULT_XML_LIMITS } from "../../xmpp/xml/scanned_element.ts";
import { xml } from "../../xmpp/xml/xml.ts";
import type { Address, Link, LinkEvents } from "./link.ts";

const END_OF_HEAD = "\r\n\r\n";

export class WebSocketLink implements Link {
  readonly transport = "websocket";
  readonly #address: Address;
  readonly #events: LinkEvents;
  readonly #frames = new FrameReader();
  #socket: Socket | undefined;
  #isCut = false;
  #proves = true;
  /** The latest ping that has got no pong. */
  #missed: Buffer | undefined;

  constructor(address: Address, events: LinkEvents) {
    this.#address = address;
    this.#events = events;
  }

  get proves(): boolean {
    return this.#proves;
  }

  set proves(proves: boolean) {
    this.#proves = proves;
    if (proves && this.#missed !== undefined) this.#pong(this.#missed);
  }

  connect(): Promise<void> {
    const { httpPort } = this.#address;
    return new Promise((resolve, reject) => {
      const socket = connect({ host: "127.0.0.1", port: httpPort, noDelay: true });
      this.#socket = socket;
      let head: string | undefined = "";
      socket.on("connect", () => socket.write(handshake(httpPort)));
      socket.on("error", reject);
      socket.on("close", () => {
        if (!this.#isCut) this.#events.closed();
      });
      socket.on("data", (bytes: Buffer) => {
        if (head === undefined) return this.#onBytes(bytes);
        head += bytes.toString("latin1");
        const end = head.indexOf(END_OF_HEAD);
        if (end < 0) return;
        const rest = Buffer.from(head.slice(end + END_OF_HEAD.length), "latin1");
        const accepted = head.startsWith("HTTP/1.1 101") && /\r\nsec-websocket-protocol: xmpp\r\n/i.test(head);
        if (accepted) resolve();
        else reject(new Error(`Cannot open WebSocket: ${head}`));
        head = undefined;
        this.#onBytes(rest);
      });
    });
  }

  openStream(): void {
    this.send(xml`<open xmlns="${NS.FRAMING}" to="${this.#address.domain}" version="1.0"/>`.text);
  }

  send(text: string): void {
    this.#write(TEXT, Buffer.from(text));
  }

  sendBinary(bytes: Buffer): void {
    this.#write(BINARY, bytes);
  }

  end(): void {
    this.send(xml`<close xmlns="${NS.FRAMING}"/>`.text);
  }

  cut(): void {
    this.#isCut = true;
    this.#socket?.destroy();
  }

  freeze(): void {
    this.#socket?.pause();
  }

  #write(opcode: number, payload: Buffer): void {
    if (this.#socket?.writable) this.#socket.write(encodeFrame(opcode, payload));
  }

  #onBytes(bytes: Buffer): void {
    if (this.#isCut) return;
    this.#frames.push(bytes);
    for (let frame = this.#frames.next(); frame !== undefined; frame = this.#frames.next()) this.#onFrame(frame);
  }

  #onFrame({ opcode, payload }: Frame): void {
    switch (opcode) {
      case PING:
        return this.#pong(payload);
      case CLOSE:
        this.#write(CLOSE, payload);
        this.#socket?.end();
        return;
      case TEXT:
        return this.#onText(payload.toString());
      default:
        return;
    }
  }

  /** RFC 6455 section 5.5.3: a pong for the latest ping covers those before it. */
  #pong(payload: Buffer): void {
    this.#missed = this.#proves ? undefined : payload;
    if (this.#proves) this.#write(PONG, payload);
  }

  #onText(text: string): void {
    // What the server sends has to obey the rules that it demands of clients.
    scanElement(text, DEFAULT_XML_LIMITS);
    const element = Element.parse(text);
    // The end of the stream; the connection's follows.
    if (element.name !== "close" || element.ns !== NS.FRAMING) this.#events.element(element);
  }
}

function handshake(port: number): string {
  const lines = [
    "GET /xmpp-websocket HTTP/1.1",
    `Host: 127.0.0.1:${port}`,
    "Upgrade: websocket",
    "Connection: Upgrade",
    `Sec-WebSocket-Key: ${randomBytes(16).toString("base64")}`,
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Protocol: xmpp",
  ];
  return lines.join("\r\n") + END_OF_HEAD;
}
