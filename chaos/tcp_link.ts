/** A stream over a bare TCP socket, without TLS as loopback allows. RFC 6120 section 4. @module */
import { connect, type Socket } from "node:net";
import { NS } from "../xmpp/ns.ts";
import { Element } from "../xmpp/xml/element.ts";
import { DEFAULT_XML_LIMITS } from "../xmpp/xml/scanned_element.ts";
import { StreamReader } from "../xmpp/xml/stream_reader.ts";
import { xml } from "../xmpp/xml/xml.ts";
import type { Link, LinkEvents, LinkTarget } from "./link.ts";

const PREFIXES: ReadonlyMap<string, string> = new Map([
  ["", NS.CLIENT],
  ["stream", NS.STREAM],
]);
const OPEN_MS = 3000;

export class TcpLink implements Link {
  readonly transport = "tcp";
  readonly #target: LinkTarget;
  readonly #scanner: StreamReader;
  #decoder = new TextDecoder();
  #socket: Socket | undefined;
  #events: LinkEvents | undefined;
  #held: Element[] = [];
  #isDeaf = false;
  #isGone = false;
  #endedWhileDeaf = false;

  constructor(target: LinkTarget) {
    this.#target = target;
    this.#scanner = new StreamReader(DEFAULT_XML_LIMITS, {
      header: () => {},
      element: ({ text }) => this.#onElement(Element.parse(text, NS.CLIENT, PREFIXES)),
      end: () => this.#onEnd(),
    });
  }

  open(events: LinkEvents): Promise<void> {
    this.#events = events;
    return new Promise((resolve, reject) => {
      const socket = connect({ host: "127.0.0.1", port: this.#target.tcpPort ?? 0, noDelay: true, timeout: OPEN_MS });
      this.#socket = socket;
      socket.on("connect", () => {
        socket.setTimeout(0);
        resolve();
        this.#header();
      });
      socket.on("timeout", () => socket.destroy(new Error("Cannot connect: no answer")));
      socket.on("data", (chunk: Buffer) => {
        if (!this.#isGone) this.#scanner.write(this.#decoder.decode(chunk, { stream: true }));
      });
      socket.on("error", (error) => {
        reject(error);
        this.#onEnd();
      });
      socket.on("close", () => {
        reject(new Error("Cannot connect: closed"));
        this.#onEnd();
      });
    });
  }

  restart(): void {
    this.#header();
  }

  send(text: string): void {
    if (!this.#isGone) this.#socket?.write(text);
  }

  deafen(): void {
    this.#isDeaf = true;
    this.#socket?.pause();
  }

  listen(): void {
    this.#isDeaf = false;
    this.#socket?.resume();
    for (let element = this.#held.shift(); element !== undefined; element = this.#held.shift()) {
      this.#events?.element(element);
      if (this.#isDeaf) return;
    }
    if (this.#endedWhileDeaf) this.#onEnd();
  }

  finish(): void {
    this.send("</stream:stream>");
  }

  cut(): void {
    this.#isGone = true;
    this.#socket?.destroy();
  }

  #header(): void {
    const { domain } = this.#target;
    const header = xml`<?xml version="1.0"?><stream:stream xmlns="${NS.CLIENT}" xmlns:stream="${NS.STREAM}" to="${domain}" version="1.0">`;
    this.send(header.text);
  }

  #onElement(element: Element): void {
    // A new stream begins right after it (RFC 6120 section 6.3.2): a stopping server may end it at once.
    if (element.name === "success" && element.ns === NS.SASL) this.#scanner.reset();
    if (this.#isDeaf) this.#held.push(element);
    else if (!this.#isGone) this.#events?.element(element);
  }

  #onEnd(): void {
    if (this.#isGone) return;
    if (this.#isDeaf) {
      this.#endedWhileDeaf = true;
      return;
    }
    this.#isGone = true;
    this.#socket?.destroy();
    this.#events?.closed();
  }
}
