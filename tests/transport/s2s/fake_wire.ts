/** A wire without a socket, for tests of the state machines on it. @module */
import type { X509Certificate } from "node:crypto";
import { asClientNamespaces } from "../../../transport/s2s/server_stanza.ts";
import type { Wire, WireEvents } from "../../../transport/s2s/wire.ts";
import { StreamError } from "../../../xmpp/errors.ts";
import { NS } from "../../../xmpp/ns.ts";
import { scanElement } from "../../../xmpp/xml/element_reader.ts";
import { DEFAULT_XML_LIMITS } from "../../../xmpp/xml/scanned_element.ts";
import { StreamReader } from "../../../xmpp/xml/stream_reader.ts";
import { XmlError } from "../../../xmpp/xml/xml_error.ts";

const INHERITED = asClientNamespaces(
  new Map([
    ["", NS.SERVER],
    ["stream", NS.STREAM],
    ["db", NS.DIALBACK],
  ]),
);

export class FakeWire {
  readonly address = "192.0.2.1";
  readonly bytesRead = 0;
  readonly backlog = 0;
  sent = "";
  encrypted = false;
  chain: readonly X509Certificate[] = [];
  isOpen = true;
  isUpgrading = false;
  events!: WireEvents;
  /** What it shows once TLS is there. */
  readonly #shown: readonly X509Certificate[];

  constructor(shown: readonly X509Certificate[]) {
    this.#shown = shown;
  }

  /** For those who want a real one. */
  get asWire(): Wire {
    return this as unknown as Wire;
  }

  /** Text of the peer: a header, or an element. */
  receive(text: string): void {
    if (!this.isOpen) return;
    try {
      if (text.startsWith("<stream:stream")) this.events.header(headerOf(text));
      else this.events.element(scanElement(text, DEFAULT_XML_LIMITS, INHERITED));
    } catch (error) {
      if (error instanceof XmlError) this.events.failed(new StreamError(error.condition));
      else if (error instanceof StreamError) this.events.failed(error);
      else throw error;
    }
  }

  handOver(events: WireEvents): void {
    this.events = events;
  }

  send(text: string): void {
    if (this.isOpen) this.sent += text;
  }

  acceptTls(): void {
    this.isUpgrading = true;
    queueMicrotask(() => this.secure());
  }

  startTls(): void {
    this.acceptTls();
  }

  acceptDirectTls(): void {
    this.acceptTls();
  }

  secure(): void {
    if (!this.isOpen) return;
    this.encrypted = true;
    this.isUpgrading = false;
    this.chain = this.#shown;
    this.events.secured();
  }

  end(): void {
    if (!this.isOpen) return;
    this.isOpen = false;
    this.events.closed("ended");
  }

  destroy(): void {
    this.end();
  }

  start(): void {}
  restart(): void {}
  use(): void {}
  pause(): void {}
  resume(): void {}
}

function headerOf(text: string) {
  const headers: Parameters<WireEvents["header"]>[0][] = [];
  new StreamReader(DEFAULT_XML_LIMITS, { header: (header) => void headers.push(header), element() {}, end() {} }).write(
    text,
  );
  return headers[0]!;
}
