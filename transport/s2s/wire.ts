/** One connection to another server, or of a component, as parts of an XML stream: bytes, TLS, limits of reading. RFC 6120 sections 3 to 5. @module */
import type { X509Certificate } from "node:crypto";
import type { Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import { StreamError } from "../../xmpp/errors.ts";
import type { Log } from "../../xmpp/log.ts";
import { NS } from "../../xmpp/ns.ts";
import { declaredNamespaces, ElementReader } from "../../xmpp/xml/element_reader.ts";
import type { ScannedElement, XmlLimits } from "../../xmpp/xml/scanned_element.ts";
import { StreamReader } from "../../xmpp/xml/stream_reader.ts";
import { XmlError } from "../../xmpp/xml/xml_error.ts";
import { MAX_BACKLOG, MAX_STRANGER_BACKLOG } from "../backlog_limits.ts";
import { UNKNOWN_ADDRESS } from "../client_address.ts";
import { asClientNamespaces, type ContentNamespace } from "./server_stanza.ts";
import { peerChain, type TlsIdentity } from "./tls_identity.ts";

const END = "</stream:stream>";
const KEEPALIVE_MS = 60_000;
/** Time for the peer to end its stream after ours has ended. */
const LINGER_MS = 5000;
/** At most, in UTF-8. */
const BYTES_PER_UNIT = 3;

/** What a wire tells; nothing after `closed`. */
export interface WireEvents {
  header(header: ScannedElement): void;
  element(element: ScannedElement): void;
  /** The peer has ended its stream in order. */
  ended(): void;
  /** TLS is established. */
  secured(): void;
  /** The input has a fault, or a handler has thrown: what to tell the peer. */
  failed(error: StreamError): void;
  /** The connection is gone, from whichever side. Called once. */
  closed(reason: string): void;
}

export interface WireOptions {
  readonly socket: Socket;
  /** Without it the connection has no TLS. */
  readonly tls?: TlsIdentity;
  /** The namespace of the content: jabber:server unless given. */
  readonly content?: ContentNamespace;
  /** Limits for a stranger. */
  readonly limits: XmlLimits;
  readonly schedule: (ms: number, task: () => void) => () => void;
  readonly log: Log;
}

export class Wire {
  readonly address: string;
  readonly #options: WireOptions;
  readonly #content: ContentNamespace;
  #events: WireEvents;
  #socket: Socket;
  #limits: XmlLimits;
  #reader: StreamReader;
  #decoder = new TextDecoder("utf-8", { fatal: true });
  #pending = "";
  #encrypted = false;
  #chain: readonly X509Certificate[] = [];
  /** `<starttls/>` or `<proceed/>` was read, and TLS does not read yet. */
  #upgrading = false;
  /** TLS begins, and has not been established yet. */
  #handshaking = false;
  #maxBacklog = MAX_STRANGER_BACKLOG;
  #paused = false;
  /** Our stream has ended. */
  #ended = false;
  #closed = false;
  /** The socket is gone, and some of its input waits for resume(). */
  #leaving = false;
  #reason = "the connection was closed";
  #bytesRead = 0;

  constructor(options: WireOptions, events: WireEvents) {
    const { socket } = options;
    this.#options = options;
    this.#content = options.content ?? NS.SERVER;
    this.#events = events;
    this.#socket = socket;
    this.#limits = options.limits;
    this.address = socket.remoteAddress ?? UNKNOWN_ADDRESS;
    this.#reader = this.#createReader();
    socket.setNoDelay(true);
    socket.setKeepAlive(true, KEEPALIVE_MS);
    socket.on("error", (error: Error) => this.#onError(error));
    socket.on("close", () => this.#onGone());
  }

  /** Reads without TLS. */
  start(): void {
    this.#listen(this.#socket);
  }

  /** Another state of the stream takes over. */
  handOver(events: WireEvents): void {
    this.#events = events;
  }

  get encrypted(): boolean {
    return this.#encrypted;
  }

  /** The peer's certificates, its own first. */
  get chain(): readonly X509Certificate[] {
    return this.#chain;
  }

  get isOpen(): boolean {
    return !this.#closed && !this.#ended;
  }

  /** UTF-16 units or bytes that wait to be written. */
  get backlog(): number {
    return this.#closed ? 0 : this.#pending.length + this.#socket.writableLength;
  }

  get bytesRead(): number {
    return this.#bytesRead;
  }

  // From the peer

  #listen(socket: Socket): void {
    socket.on("data", (bytes: Uint8Array) => this.#onData(bytes));
    socket.on("end", () => this.#onGone());
  }

  #onData(bytes: Uint8Array): void {
    if (this.#closed) return;
    this.#bytesRead += bytes.length;
    this.#read(() => this.#reader.write(this.#decode(bytes)));
  }

  #read(read: () => void): void {
    try {
      read();
    } catch (error) {
      if (this.#upgrading) this.#onInjected();
      else this.#events.failed(this.#asStreamError(error));
    }
  }

  #decode(bytes: Uint8Array): string {
    try {
      return this.#decoder.decode(bytes, { stream: true });
    } catch (error) {
      if (error instanceof TypeError) throw new StreamError("not-well-formed", { text: "Not UTF-8" });
      throw error;
    }
  }

  #createReader(): StreamReader {
    const isCurrent = () => {
      // A replaced reader may still be reading what came with `<starttls/>`.
      if (this.#reader !== reader) this.#onInjected();
      return !this.#closed;
    };
    const reader: StreamReader = new StreamReader(this.#limits, {
      header: (header) => {
        if (isCurrent()) this.#onHeader(header);
      },
      namespaces: (declared) => asClientNamespaces(declared, this.#content),
      element: (element) => {
        if (isCurrent()) this.#events.element(element);
      },
      end: () => {
        if (isCurrent()) this.#onEnd();
      },
      isPaused: () => this.#paused,
    });
    return reader;
  }

  #onHeader(header: ScannedElement): void {
    const content = declaredNamespaces(header.text, this.#limits).get("");
    if (header.ns !== NS.STREAM || content !== this.#content) throw new StreamError("invalid-namespace");
    if (header.name !== "stream") throw new StreamError("bad-format");
    this.#events.header(header);
  }

  #onEnd(): void {
    this.#reason = "the other server ended the stream";
    this.#events.ended();
    this.end();
    this.#onGone();
  }

  #onError(error: Error): void {
    this.#reason = error.message;
    this.#socket.destroy();
    this.#onGone();
  }

  #onGone(): void {
    if (this.#closed) return;
    // What has come before the end is read first.
    this.#leaving = this.#paused && this.#reader.hasUnread;
    if (!this.#leaving) this.#gone();
  }

  #gone(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#pending = "";
    // A half-closed socket would stay.
    if (!this.#ended) this.#socket.destroy();
    this.#events.closed(this.#reason);
  }

  // To the peer

  /** All output of one turn of the event loop leaves in one write. */
  send(text: string): void {
    if (!this.isOpen || this.#handshaking) return;
    if (this.#pending === "") setImmediate(() => this.#flush());
    this.#pending += text;
  }

  #flush(): void {
    if (this.#pending === "") return;
    const text = this.#pending;
    this.#pending = "";
    if (this.#socket.writable) this.#socket.write(text);
    if (this.backlog > this.#maxBacklog && this.isOpen) {
      this.#events.failed(new StreamError("policy-violation", { text: "Too much waits to be read" }));
    }
  }

  /** A new header follows. */
  restart(): void {
    this.#reader.reset();
  }

  /** The peer is no stranger any more. `mostWaiting`: UTF-16 units that are sent to it without proof of receipt. */
  use(limits: XmlLimits, mostWaiting: number): void {
    this.#limits = limits;
    this.#maxBacklog = MAX_BACKLOG + mostWaiting * BYTES_PER_UNIT;
    this.#reader.use(limits, new ElementReader(limits));
  }

  /** In the role of the server; tells `secured`. */
  acceptTls(): void {
    this.#upgrade(() => this.acceptDirectTls());
  }

  /** The same in the role of the client, towards that domain. */
  startTls(domain: string, direct: boolean): void {
    const begin = () => {
      this.#handshaking = true;
      const tls = this.#tls.connect(this.#socket, domain, direct, (socket) => this.#onSecured(socket));
      tls.on("error", (error: Error) => this.#onError(error));
    };
    if (direct) begin();
    else this.#upgrade(begin);
  }

  /** Reads TLS from the first byte on: XEP-0368. */
  acceptDirectTls(): void {
    this.#handshaking = true;
    this.#tls.accept(this.#socket, (socket) => this.#onSecured(socket));
  }

  get #tls(): TlsIdentity {
    const { tls } = this.#options;
    if (tls === undefined) throw new Error("Cannot begin TLS: this connection has none");
    return tls;
  }

  #upgrade(begin: () => void): void {
    // From here on bytes belong to TLS: Deno would lose bytes that are read before TLS takes over.
    this.#socket.pause();
    this.#upgrading = true;
    this.#reader = this.#createReader();
    // Checks the rest of the chunk that held the last element first.
    queueMicrotask(() => {
      if (this.#closed) return;
      this.#upgrading = false;
      this.#flush();
      this.#socket.removeAllListeners("data").removeAllListeners("end");
      begin();
    });
  }

  #onSecured(socket: TLSSocket): void {
    if (this.#closed) return void socket.destroy();
    this.#encrypted = true;
    this.#handshaking = false;
    this.#socket = socket;
    this.#reader = this.#createReader();
    this.#decoder = new TextDecoder("utf-8", { fatal: true });
    this.#chain = peerChain(socket);
    socket.on("error", (error: Error) => this.#onError(error));
    socket.on("close", () => this.#onGone());
    this.#listen(socket);
    this.#events.secured();
  }

  /** RFC 6120 section 5.3.3: nothing may stand between `<starttls/>` and TLS, so this text was injected on the way. */
  #onInjected(): void {
    this.#reason = "there was input between STARTTLS and TLS";
    this.#socket.destroy();
    this.#onGone();
  }

  pause(): void {
    if (this.#paused) return;
    this.#paused = true;
    this.#socket.pause();
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.#read(() => this.#reader.goOn());
    if (this.#paused || this.#closed) return;
    if (this.#leaving) this.#gone();
    else this.#socket.resume();
  }

  /** Ends our stream. What the peer has sent before it ends its own is still read; with an error nothing is. */
  end(error?: StreamError): void {
    if (this.#closed || this.#ended) return;
    // Text would be no part of the handshake.
    if (this.#handshaking) return this.destroy(error?.message ?? this.#reason);
    if (error !== undefined) this.send(error.toMarkup().text);
    this.send(END);
    this.#flush();
    this.#ended = true;
    const socket = this.#socket;
    socket.end();
    const stop = this.#options.schedule(LINGER_MS, () => socket.destroy());
    socket.once("close", stop);
    if (error === undefined) return;
    this.#reason = error.message;
    socket.resume();
    this.#gone();
  }

  /** Cuts the connection. */
  destroy(reason: string): void {
    this.#reason = reason;
    this.#socket.destroy();
    this.#gone();
  }

  #asStreamError(error: unknown): StreamError {
    if (error instanceof StreamError) return error;
    if (error instanceof XmlError) return new StreamError(error.condition, { text: error.message });
    this.#options.log.error("stream between servers failed", { address: this.address, error });
    return new StreamError("internal-server-error");
  }
}
