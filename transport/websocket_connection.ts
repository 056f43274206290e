/** A stream over one WebSocket: RFC 7395. @module */
import { StreamError } from "../xmpp/errors.ts";
import { NS } from "../xmpp/ns.ts";
import type { ElementReader } from "../xmpp/xml/element_reader.ts";
import { attribute, type ScannedElement } from "../xmpp/xml/scanned_element.ts";
import { attr, xml } from "../xmpp/xml/xml.ts";
import { declarationEnd } from "../xmpp/xml/xml_declaration.ts";
import { XmlError } from "../xmpp/xml/xml_error.ts";
import { MAX_BACKLOG, MAX_STRANGER_BACKLOG } from "./backlog_limits.ts";
import type { Peer } from "./client_address.ts";
import type { Flushable } from "./event_turn.ts";
import type { StreamSecurity } from "./sasl/mechanisms.ts";
import { XmppStream } from "./stream.ts";
import type { StreamCarrier, StreamHeader } from "./stream_carrier.ts";
import type { TransportContext } from "./transport_context.ts";
import { UnreadFrames } from "./unread_frames.ts";

/** A WebSocket as a runtime has it. */
export interface Socket {
  /**
   * Sends each text as a frame, then an optional ping frame. Returns false when a frame was dropped: the socket is
   * unusable then.
   */
  send(texts: readonly string[], ping?: string): boolean;
  /** False when the runtime has no ping frames, or does not report pongs. */
  readonly pings: boolean;
  /** Bytes that have not left this process yet. */
  readonly bufferedAmount: number;
  close(code: number): void;
}

const CLOSE = xml`<close xmlns="${NS.FRAMING}"/>`.text;
const NORMAL_CLOSURE = 1000;
const NOTHING: readonly string[] = [];

export class WebSocketConnection implements StreamCarrier, Flushable {
  readonly transport = "websocket";
  readonly startTlsOffer = "none";
  readonly security: StreamSecurity;
  readonly address: string;
  readonly #context: TransportContext;
  readonly #socket: Socket;
  readonly #stream: XmppStream;
  #scan: ElementReader;
  #maxBytes: number;
  #maxBacklog = MAX_STRANGER_BACKLOG;
  #opened = false;
  #expectsHeader = true;
  #closed = false;
  #isPaused = false;
  /** Frames received during a pause; undefined: none. */
  #unread: UnreadFrames | undefined;
  /** Output for the next flush; undefined: none. */
  #pending: string[] | undefined;
  #pendingChars = 0;
  #probe: number | undefined;

  constructor(context: TransportContext, socket: Socket, peer: Peer) {
    this.#context = context;
    this.#socket = socket;
    this.#scan = context.strangers.scan;
    this.#maxBytes = context.strangers.limits.maxBytes;
    this.security = peer.security;
    this.address = peer.address;
    this.#stream = new XmppStream(context, this);
    context.connections.add(this);
  }

  get secure(): boolean {
    return this.security.encrypted || this.security.loopback;
  }

  get backlog(): number {
    return this.#closed ? 0 : this.#pendingChars + this.#socket.bufferedAmount;
  }

  // From the peer

  /** One data frame. */
  onMessage(data: unknown): void {
    if (this.#closed) return;
    try {
      if (typeof data !== "string") throw new StreamError("bad-format", { text: "Only text frames are allowed" });
      if (this.#isPaused || this.#unread !== undefined) this.#keep(data);
      else this.#onText(data);
    } catch (error) {
      this.#stream.fail(error);
    }
  }

  #keep(frame: string): void {
    this.#checkSize(frame);
    this.#unread ??= new UnreadFrames();
    if (!this.#unread.push(frame)) throw new StreamError("policy-violation", { text: "Too much input is waiting" });
  }

  #readOn(): void {
    while (!this.#isPaused && this.#unread !== undefined) {
      const frame = this.#unread.shift();
      if (this.#unread.isEmpty) this.#unread = undefined;
      try {
        this.#onText(frame!);
      } catch (error) {
        this.#stream.fail(error);
      }
    }
  }

  /** A pong frame; those that answer the runtime's own pings are empty. */
  onPong(payload: string): void {
    if (payload !== "" && !this.#closed) this.#stream.prove(Number(payload));
  }

  /** The WebSocket is gone. */
  onClose(): void {
    this.#closed = true;
    this.#context.connections.remove(this);
    // Input from before the end still goes to the session, at the session's pace.
    if (this.#unread === undefined) this.#stream.lost();
  }

  /** The frame is refused unread: some runtimes pass frames of any size on. */
  #checkSize(text: string): void {
    if (text.length > this.#maxBytes) throw new XmlError("policy-violation", `more than ${this.#maxBytes} bytes`);
  }

  #onText(text: string): void {
    this.#checkSize(text);
    // RFC 7395 section 3.8 does not provide white space keepalives, but some clients send them.
    if (text.length < 8 && text.trim() === "") return;
    const start = this.#expectsHeader ? declarationEnd(text) : 0;
    const element = this.#scan.element(text, undefined, start);
    if (element.ns === NS.FRAMING) return this.#onFraming(element);
    if (!this.#opened) throw new StreamError(element.name === "open" ? "invalid-namespace" : "bad-format");
    this.#stream.receive(element);
  }

  #onFraming(element: ScannedElement): void {
    if (element.name === "close") return this.#stream.finish();
    if (element.name !== "open") throw new StreamError("bad-format");
    this.#opened = true;
    this.#expectsHeader = false;
    this.#stream.open({
      to: attribute(element, "to"),
      from: attribute(element, "from"),
      version: attribute(element, "version"),
    });
  }

  // To the peer

  sendHeader({ id, from, to }: StreamHeader): void {
    this.send(
      xml`<open xmlns="${NS.FRAMING}" from="${from}"${attr("to", to)} id="${id}" version="1.0" xml:lang="en"/>`.text,
    );
  }

  expectHeader(): void {
    this.#expectsHeader = true;
  }

  identified(): void {
    this.#scan = this.#context.scan;
    this.#maxBytes = this.#context.services.settings.xmlLimits.maxBytes;
    this.#maxBacklog = MAX_BACKLOG;
  }

  /** Never offered: TLS of a WebSocket is below it. */
  startTls(): void {}

  send(text: string): void {
    if (this.#closed) return;
    this.#planFlush();
    if (this.#pending === undefined) this.#pending = [text];
    else this.#pending.push(text);
    this.#pendingChars += text.length;
  }

  /** The ping frame follows all that was sent before this call. */
  probe(token: number): boolean {
    if (this.#closed || !this.#socket.pings) return false;
    this.#planFlush();
    this.#probe = token;
    return true;
  }

  #planFlush(): void {
    if (this.#pending === undefined && this.#probe === undefined) this.#context.turn.add(this);
  }

  flush(): void {
    this.#write();
    if (this.backlog > this.#maxBacklog) {
      this.#stream.fail(new StreamError("policy-violation", { text: "Too much waits to be read" }));
    }
  }

  #write(): void {
    if (this.#closed) return;
    const texts = this.#pending ?? NOTHING;
    const ping = this.#probe === undefined ? undefined : String(this.#probe);
    this.#pending = undefined;
    this.#pendingChars = 0;
    this.#probe = undefined;
    if (!this.#socket.send(texts, ping)) this.#onDropped();
  }

  #onDropped(): void {
    this.#context.services.log.warn("websocket dropped a frame", { address: this.address });
    this.#socket.close(NORMAL_CLOSURE);
    this.onClose();
  }

  close(error?: StreamError): void {
    // Waiting input is discarded.
    this.#unread = undefined;
    if (this.#closed) return;
    // The stream sends its header first, and then closes again.
    if (error !== undefined && !this.#stream.hasHeader) return this.#stream.fail(error);
    if (error !== undefined) this.send(error.toMarkup().text);
    this.send(CLOSE);
    this.#write();
    if (this.#closed) return;
    this.#socket.close(NORMAL_CLOSURE);
    this.onClose();
  }

  pause(): void {
    this.#isPaused = true;
    this.#stream.hold();
  }

  resume(): void {
    this.#isPaused = false;
    this.#stream.release();
    const wasLeft = this.#unread !== undefined;
    if (!this.#isPaused) this.#readOn();
    if (this.#closed && wasLeft && this.#unread === undefined) this.#stream.lost();
  }
}
