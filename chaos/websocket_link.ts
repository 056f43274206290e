/** A WebSocket on a bare socket: RFC 6455, RFC 7395. Answers a ping only after handling all earlier frames. @module */
import { connect, type Socket } from "node:net";
import { NS } from "../xmpp/ns.ts";
import { Element } from "../xmpp/xml/element.ts";
import { xml } from "../xmpp/xml/xml.ts";
import type { Link, LinkEvents, LinkTarget } from "./link.ts";
import { CLOSE, encodeFrame, type Frame, FrameReader, PING, PONG, TEXT } from "./websocket_frames.ts";

const NOTHING = Buffer.alloc(0);
const OPEN_MS = 3000;

export class WebSocketLink implements Link {
  readonly transport = "websocket";
  readonly #target: LinkTarget;
  readonly #reader = new FrameReader();
  #socket: Socket | undefined;
  #events: LinkEvents | undefined;
  #handshake: Buffer | undefined = NOTHING;
  #opened: ((error?: Error) => void) | undefined;
  #isDeaf = false;
  #isGone = false;

  constructor(target: LinkTarget) {
    this.#target = target;
  }

  open(events: LinkEvents): Promise<void> {
    this.#events = events;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => this.#fail(new Error("Cannot connect: no answer")), OPEN_MS);
      this.#opened = (error) => {
        this.#opened = undefined;
        clearTimeout(timer);
        if (error === undefined) resolve();
        else reject(error);
      };
      const socket = connect({ host: "127.0.0.1", port: this.#target.httpPort, noDelay: true });
      this.#socket = socket;
      socket.on("connect", () => socket.write(this.#request()));
      socket.on("data", (chunk: Buffer) => this.#onData(chunk));
      socket.on("error", (error) => this.#fail(error));
      socket.on("close", () => this.#fail(new Error("Cannot connect: closed")));
    });
  }

  restart(): void {
    this.send(xml`<open xmlns="${NS.FRAMING}" to="${this.#target.domain}" version="1.0"/>`.text);
  }

  send(text: string): void {
    if (!this.#isGone) this.#socket?.write(encodeFrame(TEXT, Buffer.from(text)));
  }

  deafen(): void {
    this.#isDeaf = true;
    this.#socket?.pause();
  }

  listen(): void {
    this.#isDeaf = false;
    this.#socket?.resume();
    this.#drain();
  }

  finish(): void {
    this.send(xml`<close xmlns="${NS.FRAMING}"/>`.text);
  }

  cut(): void {
    if (this.#isGone) return;
    this.#isGone = true;
    this.#socket?.destroy();
  }

  #request(): string {
    const { httpPort } = this.#target;
    return [
      "GET /xmpp-websocket HTTP/1.1",
      `Host: 127.0.0.1:${httpPort}`,
      "Connection: Upgrade",
      "Upgrade: websocket",
      "Sec-WebSocket-Version: 13",
      "Sec-WebSocket-Key: Y2hhb3MgbmVlZHMgMTYgYg==",
      "Sec-WebSocket-Protocol: xmpp",
      "\r\n",
    ].join("\r\n");
  }

  #fail(error: Error): void {
    this.#opened?.(error);
    if (this.#isGone) return;
    this.#isGone = true;
    this.#socket?.destroy();
    if (!this.#isDeaf) this.#events?.closed();
  }

  #onData(chunk: Buffer): void {
    if (this.#isGone) return;
    if (this.#handshake === undefined) {
      this.#reader.push(chunk);
      return this.#drain();
    }
    this.#handshake = Buffer.concat([this.#handshake, chunk]);
    const end = this.#handshake.indexOf("\r\n\r\n");
    if (end < 0) return;
    const head = this.#handshake.subarray(0, end).toString();
    if (!head.startsWith("HTTP/1.1 101")) return this.#fail(new Error(`Cannot connect: ${head.split("\r\n")[0]}`));
    this.#reader.push(this.#handshake.subarray(end + 4));
    this.#handshake = undefined;
    this.#opened?.();
    this.restart();
    this.#drain();
  }

  #drain(): void {
    while (!this.#isDeaf && !this.#isGone) {
      const frame = this.#reader.next();
      if (frame === undefined) return;
      this.#onFrame(frame);
    }
  }

  #onFrame({ opcode, payload }: Frame): void {
    if (opcode === PING) this.#socket?.write(encodeFrame(PONG, payload));
    else if (opcode === CLOSE) this.#fail(new Error("Cannot connect: closed"));
    else if (opcode === TEXT) {
      const element = Element.parse(payload.toString());
      if (element.ns !== NS.FRAMING) this.#events?.element(element);
      else if (element.name === "close") this.#fail(new Error("Cannot connect: stream closed"));
    }
  }
}
