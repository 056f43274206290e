/** A stream over TCP, with STARTTLS or direct TLS: RFC 6120 sections 3 to 5, XEP-0368. @module */
import type { Duplex } from "node:stream";
import { TLSSocket } from "node:tls";
import { StreamError } from "../../xmpp/errors.ts";
import { NS } from "../../xmpp/ns.ts";
import { declaredNamespaces } from "../../xmpp/xml/element_reader.ts";
import { attribute, type ScannedElement } from "../../xmpp/xml/scanned_element.ts";
import { StreamReader } from "../../xmpp/xml/stream_reader.ts";
import { attr, xml } from "../../xmpp/xml/xml.ts";
import { MAX_BACKLOG, MAX_STRANGER_BACKLOG } from "../backlog_limits.ts";
import { isLoopback } from "../client_address.ts";
import type { Flushable } from "../event_turn.ts";
import type { StreamSecurity } from "../sasl/mechanisms.ts";
import type { ChannelBindings } from "../sasl/sasl_mechanism.ts";
import { XmppStream } from "../stream.ts";
import type { StreamCarrier, StreamHeader } from "../stream_carrier.ts";
import type { TransportContext } from "../transport_context.ts";
import { channelBindings } from "./channel_bindings.ts";
import type { TlsCertificate } from "./tls_certificate.ts";

const END = "</stream:stream>";
const KEEPALIVE_MS = 60_000;
/** Time for the peer to close its side. */
const LINGER_MS = 5000;

/** The members of a node:net socket that are used here. */
export interface ClientSocket extends Duplex {
  readonly remoteAddress?: string | undefined;
  setNoDelay(on: boolean): unknown;
  setKeepAlive(on: boolean, delayMs: number): unknown;
}

export class TcpConnection implements StreamCarrier, Flushable {
  readonly transport = "tcp";
  readonly address: string;
  readonly #context: TransportContext;
  readonly #certificate: TlsCertificate;
  readonly #stream: XmppStream;
  readonly #loopback: boolean;
  #socket: ClientSocket;
  #scanner: StreamReader;
  #maxBacklog = MAX_STRANGER_BACKLOG;
  #decoder = new TextDecoder("utf-8", { fatal: true });
  #encrypted = false;
  #endPoint: Uint8Array | undefined;
  #bindings: ChannelBindings | undefined;
  /** What leaves with the next flush. */
  #pending = "";
  /** `<starttls/>` was read, and TLS is not established yet. */
  #upgrading = false;
  #paused = false;
  #closed = false;
  /** The socket is gone, and some of its input is not handled yet. */
  #isLeaving = false;

  constructor(context: TransportContext, socket: ClientSocket, certificate: TlsCertificate, address: string) {
    this.#context = context;
    this.#certificate = certificate;
    this.#socket = socket;
    this.address = address;
    this.#loopback = isLoopback(this.address);
    this.#scanner = this.#createScanner();
    this.#stream = new XmppStream(context, this);
    socket.setNoDelay(true);
    socket.setKeepAlive(true, KEEPALIVE_MS);
    context.connections.add(this);
  }

  /** Reads from the socket, or from `tls` on top of it. */
  start(tls: boolean): void {
    if (tls) this.#wrap();
    else this.#listen(this.#socket);
  }

  /** Ends a connection that is not wanted. */
  refuse(error: StreamError): void {
    this.#stream.fail(error);
  }

  get security(): StreamSecurity {
    const loopback = this.#loopback;
    if (!(this.#socket instanceof TLSSocket)) return { encrypted: false, loopback };
    this.#bindings ??= channelBindings(this.#socket, this.#endPoint);
    return { encrypted: true, loopback, channelBindings: this.#bindings };
  }

  get secure(): boolean {
    return this.#encrypted || this.#loopback;
  }

  get backlog(): number {
    return this.#closed ? 0 : this.#pending.length + this.#socket.writableLength;
  }

  get startTlsOffer(): "none" | "optional" | "required" {
    if (this.#encrypted || this.#certificate.context === undefined) return "none";
    return this.#loopback ? "optional" : "required";
  }

  // From the peer

  #listen(socket: ClientSocket): void {
    socket.on("data", (bytes: Uint8Array) => this.#onData(bytes));
    socket.on("end", () => this.#onGone());
    socket.on("close", () => this.#onGone());
    socket.on("error", (error: Error) => {
      this.#context.services.log.debug("connection failed", { address: this.address, error: error.message });
      socket.destroy();
      this.#onGone();
    });
  }

  #onData(bytes: Uint8Array): void {
    if (!this.#closed) this.#read(() => this.#scanner.write(this.#decode(bytes)));
  }

  #read(read: () => void): void {
    try {
      read();
    } catch (error) {
      if (this.#upgrading) this.#onInjected();
      else this.#stream.fail(error);
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

  #createScanner(): StreamReader {
    // A replaced scanner may still be reading text that came with `<starttls/>`.
    const isCurrent = () => {
      if (this.#scanner !== scanner) this.#onInjected();
      return !this.#closed || this.#isLeaving;
    };
    const { limits, scan } = this.#context.strangers;
    const events = {
      header: (header: ScannedElement) => {
        if (isCurrent()) this.#onHeader(header);
      },
      declaration: () => {
        if (isCurrent()) this.#stream.expectRestart();
      },
      element: (element: ScannedElement) => {
        if (isCurrent()) this.#stream.receive(element);
      },
      end: () => {
        if (isCurrent()) this.#stream.finish();
      },
      isPaused: () => this.#paused,
    };
    const scanner = new StreamReader(limits, events, scan);
    return scanner;
  }

  #onHeader(header: ScannedElement): void {
    // A missing default namespace is accepted: elements then have a prefix or declare jabber:client.
    const content = declaredNamespaces(header.text, this.#context.services.settings.xmlLimits).get("") || NS.CLIENT;
    if (header.ns !== NS.STREAM || content !== NS.CLIENT) throw new StreamError("invalid-namespace");
    if (header.name !== "stream") throw new StreamError("bad-format");
    this.#stream.open({
      to: attribute(header, "to"),
      from: attribute(header, "from"),
      version: attribute(header, "version"),
    });
  }

  #onGone(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#context.connections.remove(this);
    this.#isLeaving = this.#paused && this.#scanner.hasUnread;
    if (!this.#isLeaving) this.#stream.lost();
  }

  // To the peer

  sendHeader({ id, from, to }: StreamHeader): void {
    this.send(
      xml`<?xml version="1.0"?><stream:stream from="${from}"${attr("to", to)} id="${id}" version="1.0" xml:lang="en" xmlns="${NS.CLIENT}" xmlns:stream="${NS.STREAM}">`
        .text,
    );
  }

  expectHeader(): void {
    this.#scanner.reset();
  }

  identified(): void {
    this.#scanner.use(this.#context.services.settings.xmlLimits, this.#context.scan);
    this.#maxBacklog = MAX_BACKLOG;
  }

  startTls(): void {
    // From here on bytes belong to TLS: Deno would lose bytes that are read before TLS takes over.
    this.#socket.pause();
    this.#upgrading = true;
    this.#scanner = this.#createScanner();
    // Checks the rest of the chunk that held `<starttls/>` first.
    queueMicrotask(() => this.#upgrade());
  }

  #upgrade(): void {
    if (this.#closed) return;
    this.#upgrading = false;
    this.#write();
    this.#socket.removeAllListeners("data").removeAllListeners("end").removeAllListeners("close");
    this.#wrap();
  }

  /**
   * RFC 6120 section 5.3.3: a client sends nothing between `<starttls/>` and TLS, so this text was injected on the way,
   * to be read as if it had come over TLS.
   */
  #onInjected(): void {
    if (this.#closed) return;
    this.#context.services.log.warn("input after starttls", { address: this.address });
    this.#pending = "";
    this.#socket.destroy();
    this.#onGone();
  }

  #wrap(): void {
    this.#encrypted = true;
    this.#scanner = this.#createScanner();
    this.#decoder = new TextDecoder("utf-8", { fatal: true });
    this.#endPoint = this.#certificate.endPoint;
    const secureContext = this.#certificate.context!;
    this.#socket = new TLSSocket(this.#socket, { isServer: true, secureContext, ALPNProtocols: ["xmpp-client"] });
    this.#listen(this.#socket);
  }

  /** All output of one turn of the event loop leaves in one write. */
  send(text: string): void {
    if (this.#closed) return;
    if (this.#pending === "") this.#context.turn.add(this);
    this.#pending += text;
  }

  flush(): void {
    this.#write();
    if (this.backlog > this.#maxBacklog) {
      this.#stream.fail(new StreamError("policy-violation", { text: "Too much waits to be read" }));
    }
  }

  #write(): void {
    if (this.#pending === "") return;
    const text = this.#pending;
    this.#pending = "";
    if (this.#socket.writable) this.#socket.write(text);
  }

  /** Over TCP only the client can prove receipt. */
  probe(): boolean {
    return false;
  }

  pause(): void {
    this.#paused = true;
    this.#stream.hold();
    this.#socket.pause();
  }

  resume(): void {
    this.#paused = false;
    this.#stream.release();
    // Waiting text may have caused the next pause.
    if (!this.#paused) this.#read(() => this.#scanner.goOn());
    if (this.#paused) return;
    if (!this.#isLeaving) return void this.#socket.resume();
    this.#isLeaving = false;
    this.#stream.lost();
  }

  close(error?: StreamError): void {
    this.#isLeaving = false;
    if (this.#closed) return;
    // Waiting input is discarded.
    this.#paused = false;
    // The stream sends its header first, and then closes again.
    if (error !== undefined && !this.#stream.hasHeader) return this.#stream.fail(error);
    if (error !== undefined) this.send(error.toMarkup().text);
    this.send(END);
    this.#write();
    const socket = this.#socket;
    socket.end();
    // A paused socket would never see the peer's end.
    socket.resume();
    const stop = this.#context.services.schedule(LINGER_MS, () => socket.destroy());
    socket.once("close", stop);
    this.#onGone();
  }
}
