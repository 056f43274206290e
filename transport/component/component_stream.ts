/** The stream that a component has made: its header, its handshake, its stanzas. XEP-0114 v1.6 section 3. @module */
import type { Inbound } from "../../destinations/federation/links.ts";
import { StreamError } from "../../xmpp/errors.ts";
import type { Log } from "../../xmpp/log.ts";
import { NS } from "../../xmpp/ns.ts";
import type { Stanza } from "../../xmpp/stanza.ts";
import { attribute, type ScannedElement } from "../../xmpp/xml/scanned_element.ts";
import { attr, xml } from "../../xmpp/xml/xml.ts";
import { domainOf } from "../s2s/dialback_elements.ts";
import type { OpenQuestions } from "../s2s/open_questions.ts";
import { conditionOf } from "../s2s/outgoing_negotiation.ts";
import { serverText, textOf } from "../s2s/server_stanza.ts";
import { StanzaReceiver } from "../s2s/stanza_receiver.ts";
import { type Parcel, StanzaSender } from "../s2s/stanza_sender.ts";
import { StreamWatch } from "../s2s/stream_watch.ts";
import type { Wire, WireEvents } from "../s2s/wire.ts";
import { type ComponentSettings, componentOf } from "./component_settings.ts";
import { isGenuine } from "./handshake.ts";

export interface ComponentParts {
  readonly settings: ComponentSettings;
  readonly inbound: Inbound;
  readonly questions: OpenQuestions;
  /** Whether stanzas for that domain have somewhere to go. */
  readonly reaches: (domain: string) => boolean;
  readonly log: Log;
  readonly newId: () => string;
  readonly schedule: (ms: number, task: () => void) => () => void;
}

/** What a stream needs of the streams together. */
export interface ComponentHost {
  /** Stanzas for the component may go over this stream. */
  joined(stream: ComponentStream): void;
  /** `isStranger`: it was never authenticated. */
  left(stream: ComponentStream, isStranger: boolean, reason: string): void;
}

type Phase = "header" | "handshake" | "established" | "over";

/** A component is believed by its secret, and has no bound of rate. */
const NO_BUDGET = { charge: () => 0 };

export class ComponentStream implements WireEvents {
  readonly #parts: ComponentParts;
  readonly #host: ComponentHost;
  readonly #wire: Wire;
  readonly #receiver: StanzaReceiver;
  #phase: Phase = "header";
  #streamId = "";
  #domain = "";
  #sender: StanzaSender | undefined;
  #watch: StreamWatch | undefined;
  #stopTimer: (() => void) | undefined;
  #reason: string | undefined;

  constructor(parts: ComponentParts, host: ComponentHost, makeWire: (events: WireEvents) => Wire) {
    this.#parts = parts;
    this.#host = host;
    this.#wire = makeWire(this);
    const { settings } = parts;
    this.#receiver = new StanzaReceiver({
      ...parts,
      wire: this.#wire,
      budget: NO_BUDGET,
      content: NS.COMPONENT,
      isAuthenticated: (from) => this.#domain !== "" && componentOf(from, settings) === this.#domain,
      answer: (stanza) => this.#answer(stanza),
    });
    this.#stopTimer = parts.schedule(settings.negotiationMs, () =>
      this.failed(new StreamError("connection-timeout", { text: "The handshake took too long" })),
    );
  }

  start(): void {
    this.#wire.start();
  }

  get address(): string {
    return this.#wire.address;
  }

  /** Of the component. */
  get domain(): string {
    return this.#domain;
  }

  send(parcel: Parcel): void {
    this.#sender!.send(parcel);
  }

  /** Ends the stream in order, or with an error. */
  close(error?: StreamError): void {
    if (error === undefined) this.#wire.end();
    else this.failed(error);
  }

  // What the wire tells

  secured(): void {}

  header(header: ScannedElement): void {
    if (this.#phase !== "header") throw new StreamError("bad-format");
    const to = attribute(header, "to");
    this.#domain = domainOf(to) ?? "";
    this.#sendHeader();
    if (to === undefined) throw new StreamError("improper-addressing", { text: "The header has no 'to'" });
    if (!this.#parts.settings.secrets.has(this.#domain)) throw new StreamError("host-unknown");
    this.#phase = "handshake";
  }

  element(element: ScannedElement): void {
    if (this.#phase === "over") return;
    const { ns, name } = element;
    if (this.#phase === "header") throw new StreamError("not-authorized", { text: "A stream header was expected" });
    if (ns === NS.STREAM && name === "error") return this.#onStreamError(element);
    const isOwn = ns === NS.CLIENT || ns === NS.COMPONENT;
    if (this.#phase === "handshake") return this.#onHandshake(element, isOwn && name === "handshake");
    if (!isOwn) throw new StreamError("unsupported-stanza-type");
    this.#receiver.receive(element);
  }

  ended(): void {}

  failed(error: StreamError): void {
    if (this.#phase === "over") return;
    if (this.#streamId === "") this.#sendHeader();
    this.#reason = error.message;
    this.#wire.end(error);
  }

  closed(reason: string): void {
    if (this.#phase === "over") return;
    const isStranger = this.#phase !== "established";
    this.#phase = "over";
    this.#stopTimer?.();
    this.#watch?.stop();
    this.#receiver.end();
    this.#sender?.end(this.#reason ?? reason);
    this.#host.left(this, isStranger, this.#reason ?? reason);
  }

  #onStreamError(element: ScannedElement): void {
    this.#reason = `the component ended the stream: ${conditionOf(element)}`;
    this.#wire.end();
  }

  #sendHeader(): void {
    this.#streamId = this.#parts.newId();
    const from = this.#domain === "" ? undefined : this.#domain;
    this.#wire.send(
      xml`<?xml version="1.0"?><stream:stream xmlns="${NS.COMPONENT}" xmlns:stream="${NS.STREAM}"${attr("from", from)} id="${this.#streamId}">`
        .text,
    );
  }

  #onHandshake(element: ScannedElement, isHandshake: boolean): void {
    const { settings } = this.#parts;
    const secret = settings.secrets.get(this.#domain)!;
    if (!isHandshake || !isGenuine(textOf(element), this.#streamId, secret)) throw new StreamError("not-authorized");
    this.#phase = "established";
    this.#stopTimer?.();
    this.#wire.use(settings.xmlLimits, settings.waitingUnits);
    this.#wire.send("<handshake/>");
    this.#establish();
  }

  #establish(): void {
    const { settings } = this.#parts;
    const sender = new StanzaSender(
      { ...this.#parts, wire: this.#wire, from: settings.domains[0]!, to: this.#domain, proofMs: settings.proofMs },
      false,
    );
    this.#sender = sender;
    this.#watch = new StreamWatch({
      ...this.#parts,
      wire: this.#wire,
      probeMs: settings.probeMs,
      idleMs: 0,
      stanzas: () => this.#receiver.received + sender.sent,
      probe: () => sender.probe(),
    });
    this.#host.joined(this);
  }

  /** An error of our own: what becomes of it is of no further interest. */
  #answer(stanza: Stanza): void {
    this.#wire.send(serverText(stanza));
  }
}
