/** A stream that this server has made, once it is authenticated. With XEP-0288 it carries stanzas both ways. @module */
import { StreamError } from "../../xmpp/errors.ts";
import { NS } from "../../xmpp/ns.ts";
import { attribute, type ScannedElement } from "../../xmpp/xml/scanned_element.ts";
import { dialbackErrorText, readDialback } from "./dialback_elements.ts";
import type { LinkParts } from "./link_parts.ts";
import { conditionOf, type Negotiated } from "./outgoing_negotiation.ts";
import { StanzaReceiver } from "./stanza_receiver.ts";
import { StanzaSender } from "./stanza_sender.ts";
import { StreamWatch } from "./stream_watch.ts";
import type { Wire, WireEvents } from "./wire.ts";

/** A pair of domains: ours and the other server's. */
export interface DomainPair {
  readonly local: string;
  readonly remote: string;
}

export class OutgoingStream implements WireEvents {
  readonly sender: StanzaSender;
  readonly #wire: Wire;
  readonly #receiver: StanzaReceiver | undefined;
  readonly #watch: StreamWatch;
  readonly #onEnd: (reason: string) => void;
  #reason: string | undefined;

  constructor(parts: LinkParts, { local, remote }: DomainPair, made: Negotiated, onEnd: (reason: string) => void) {
    const { wire, sm, bidi } = made;
    const { settings } = parts;
    this.#wire = wire;
    this.#onEnd = onEnd;
    this.sender = new StanzaSender({ ...parts, wire, from: local, to: remote, proofMs: settings.proofMs }, sm);
    const isAuthenticated = (from: string, to: string) => from === remote && to === local;
    this.#receiver = bidi ? new StanzaReceiver({ ...parts, wire, isAuthenticated }) : undefined;
    this.#watch = new StreamWatch({
      ...parts,
      wire,
      probeMs: settings.probeMs,
      idleMs: settings.idleMs,
      stanzas: () => this.sender.sent + (this.#receiver?.received ?? 0),
      probe: () => this.sender.probe(),
    });
    // XEP-0198 section 3: what the other server sends is counted from <enabled/> on.
    if (sm) this.#receiver?.enable();
    wire.use(settings.xmlLimits, settings.waitingUnits);
    wire.handOver(this);
  }

  get isOpen(): boolean {
    return this.#wire.isOpen;
  }

  /** Ends the stream in order. */
  close(): void {
    this.#wire.end();
  }

  secured(): void {}

  header(): void {
    throw new StreamError("bad-format");
  }

  element(element: ScannedElement): void {
    const { ns, name } = element;
    if (ns === NS.STREAM && name === "error") this.#reason = `it ended the stream: ${conditionOf(element)}`;
    else if (ns === NS.SM) this.#onManagement(element);
    else if (ns === NS.DIALBACK) this.#onDialback(element);
    // Without XEP-0288 nothing is expected here, and nothing of it is believed.
    else if (ns === NS.CLIENT || ns === NS.SERVER) this.#receiver?.receive(element);
  }

  ended(): void {}

  failed(error: StreamError): void {
    this.#reason = `what it sent was refused: ${error.message}`;
    this.#wire.end(error);
  }

  closed(reason: string): void {
    this.#watch.stop();
    this.#receiver?.end();
    this.sender.end(this.#reason ?? reason);
    this.#onEnd(this.#reason ?? reason);
  }

  #onManagement(element: ScannedElement): void {
    if (element.name === "a") this.sender.acknowledged(attribute(element, "h"));
    else if (element.name === "r") this.#receiver?.requested();
  }

  /** XEP-0288 section 2: the other server may offer keys for further domains here. It has streams of its own for them. */
  #onDialback(element: ScannedElement): void {
    const key = readDialback(element);
    if (key?.name !== "result" || key.type !== undefined) return;
    this.#wire.send(dialbackErrorText({ name: "result", from: key.to, to: key.from }, "not-allowed"));
  }
}
