/** A client's TCP stream (RFC 6120 section 3), without TLS: the listener is on loopback. @module */
import { connect, type Socket } from "node:net";
import { NS } from "../../xmpp/ns.ts";
import { Element } from "../../xmpp/xml/element.ts";
import { DEFAULT_XML_LIMITS, type ScannedElement } from "../../xmpp/xml/scanned_element.ts";
import { StreamReader } from "../../xmpp/xml/stream_reader.ts";
import { xml } from "../../xmpp/xml/xml.ts";
import type { Address, Link, LinkEvents } from "./link.ts";

const END = "</stream:stream>";

export class TcpLink implements Link {
  readonly transport = "tcp";
  /** TCP has no proof of its own; the XEP-0199 answers are the client's. */
  proves = true;
  readonly #address: Address;
  readonly #events: LinkEvents;
  readonly #decoder = new TextDecoder();
  readonly #scanner: StreamReader;
  #socket: Socket | undefined;
  #isCut = false;

  constructor(address: Address, events: LinkEvents) {
    this.#address = address;
    this.#events = events;
    this.#scanner = new StreamReader(DEFAULT_XML_LIMITS, {
      header: ({ name, ns, attributes }) => events.element(new Element(name, ns, asRecord(attributes))),
      element: ({ text, inherited }) => events.element(Element.parse(text, NS.CLIENT, inherited)),
      end: () => this.#socket?.end(END),
    });
  }

  connect(): Promise<void> {
    return new Promise((resolve, reject) => {
      const socket = connect({ host: "127.0.0.1", port: this.#address.tcpPort, noDelay: true });
      this.#socket = socket;
      socket.on("connect", () => resolve());
      socket.on("error", reject);
      socket.on("close", () => {
        if (!this.#isCut) this.#events.closed();
      });
      socket.on("data", (bytes: Buffer) => {
        if (!this.#isCut) this.#scanner.write(this.#decoder.decode(bytes, { stream: true }));
      });
    });
  }

  openStream(): void {
    this.#scanner.reset();
    const header = xml`<?xml version="1.0"?><stream:stream xmlns="${NS.CLIENT}" xmlns:stream="${NS.STREAM}" to="${this.#address.domain}" version="1.0">`;
    this.send(header.text);
  }

  send(text: string): void {
    if (this.#socket?.writable) this.#socket.write(text);
  }

  end(): void {
    this.send(END);
  }

  cut(): void {
    this.#isCut = true;
    this.#socket?.destroy();
  }

  freeze(): void {
    this.#socket?.pause();
  }
}

function asRecord(attributes: ScannedElement["attributes"]): Record<string, string> {
  return Object.fromEntries(attributes.map(({ name, value }) => [name, value]));
}
