/**
 * A stream that another server has made: from its header over TLS and authentication to its stanzas. RFC 6120 sections 4 to 6, XEP-0178, 0185, 0198, 0220,
 * 0288, 0344. One stream may serve several pairs of domains, each of which is authenticated on its own (XEP-0220 section 2.5).
 * @module
 */
import type { LinkError } from "../../destinations/federation/links.ts";
import { StreamError } from "../../xmpp/errors.ts";
import { NS } from "../../xmpp/ns.ts";
import { attribute, contentOf, type ScannedElement } from "../../xmpp/xml/scanned_element.ts";
import { type Markup, xml } from "../../xmpp/xml/xml.ts";
import { type JudgedChain, type Judgement, judgeChain, judgeDomain } from "./certificate/judge_chain.ts";
import { type DialbackElement, dialbackErrorText, domainOf, readDialback, verdictText } from "./dialback_elements.ts";
import type { KeyScope } from "./dialback_key.ts";
import type { LinkParts } from "./link_parts.ts";
import { conditionOf } from "./outgoing_negotiation.ts";
import type { DomainPair } from "./outgoing_stream.ts";
import type { S2sAuth } from "./s2s_settings.ts";
import { headerText } from "./server_header.ts";
import { StanzaReceiver } from "./stanza_receiver.ts";
import { StanzaSender } from "./stanza_sender.ts";
import { StreamWatch } from "./stream_watch.ts";
import type { Wire, WireEvents } from "./wire.ts";

/** What an incoming stream needs of the streams together. */
export interface IncomingHost {
  /** Asks the server of the originating domain about a key. Rejects with LinkError. */
  verify(scope: KeyScope, key: string): Promise<boolean>;
  /** A pair of domains is authenticated. False: that domain has too many streams. */
  authenticated(stream: IncomingStream, pair: DomainPair, auth: S2sAuth): boolean;
  /** Stanzas for the other server may go over this stream: XEP-0288. */
  joined(stream: IncomingStream, pair: DomainPair): void;
  left(stream: IncomingStream, reason: string): void;
  /** A stream ends with an error, ours or theirs. */
  refused(domain: string | undefined, address: string, reason: string): void;
}

type Phase = "header" | "negotiating" | "established" | "over";

/** Of domains on one stream: each stanza is held against them. */
const MAX_PAIRS = 100;
/** Keys that one stranger may offer or ask about: each is cheap, and no server needs more on one stream. */
const MAX_QUESTIONS = 100;

export class IncomingStream implements WireEvents {
  readonly #parts: LinkParts;
  readonly #host: IncomingHost;
  readonly #receiver: StanzaReceiver;
  readonly #wire: Wire;
  #phase: Phase = "header";
  #streamId = "";
  #local = "";
  #remote: string | undefined;
  /** What its certificates are worth; judged once. */
  #chain: JudgedChain | undefined;
  /** Authenticated pairs. */
  readonly #pairs: DomainPair[] = [];
  #pendingKeys = 0;
  #questions = 0;
  #hasHeader = false;
  #auth: S2sAuth | undefined;
  #wantsBidi = false;
  #sender: StanzaSender | undefined;
  #watch: StreamWatch | undefined;
  #stopTimer: (() => void) | undefined;
  #sm = false;
  #reason: string | undefined;

  constructor(parts: LinkParts, host: IncomingHost, makeWire: (events: WireEvents) => Wire) {
    this.#parts = parts;
    this.#host = host;
    this.#wire = makeWire(this);
    const isAuthenticated = (from: string, to: string) =>
      this.#pairs.some(({ local, remote }) => remote === from && local === to);
    this.#receiver = new StanzaReceiver({ ...parts, wire: this.#wire, isAuthenticated });
    this.#stopTimer = parts.schedule(parts.settings.negotiationMs, () =>
      this.failed(new StreamError("connection-timeout", { text: "The negotiation took too long" })),
    );
  }

  start(direct: boolean): void {
    if (direct) this.#wire.acceptDirectTls();
    else this.#wire.start();
  }

  get address(): string {
    return this.#wire.address;
  }

  get pairs(): readonly DomainPair[] {
    return this.#pairs;
  }

  get encrypted(): boolean {
    return this.#wire.encrypted;
  }

  get auth(): S2sAuth | undefined {
    return this.#auth;
  }

  get received(): number {
    return this.#receiver.received;
  }

  get hasManagement(): boolean {
    return this.#sm;
  }

  /** Its outgoing half: XEP-0288. */
  get sender(): StanzaSender {
    return this.#sender!;
  }

  get isOpen(): boolean {
    return this.#wire.isOpen;
  }

  get isBidirectional(): boolean {
    return this.#sender !== undefined;
  }

  /** Ends the stream in order, or with an error. */
  close(error?: StreamError): void {
    if (error === undefined) this.#wire.end();
    else this.failed(error);
  }

  // What the wire tells

  secured(): void {
    this.#phase = "header";
    this.#hasHeader = false;
  }

  header(header: ScannedElement): void {
    if (this.#phase !== "header") throw new StreamError("bad-format");
    const local = domainOf(attribute(header, "to"));
    const remote = domainOf(attribute(header, "from"));
    const { policy } = this.#parts;
    if (local !== undefined && policy.serves(local)) this.#local = local;
    this.#remote = remote;
    this.#sendHeader();
    if (local === undefined) throw new StreamError("improper-addressing", { text: "The header has no legal 'to'" });
    if (!policy.serves(local)) throw new StreamError("host-unknown");
    if (attribute(header, "from") !== undefined && remote === undefined) throw new StreamError("invalid-from");
    if (this.#auth !== undefined && !this.#isKnown(remote, local)) throw new StreamError("invalid-from");
    const refusal = remote === undefined ? undefined : policy.refusal(remote);
    if (refusal !== undefined)
      throw new StreamError("policy-violation", { text: `No streams with ${remote}: ${refusal}` });
    if (!/^[1-9]\d*\.\d+$/.test(attribute(header, "version") ?? "")) throw new StreamError("unsupported-version");
    if (this.#auth === undefined) this.#phase = "negotiating";
    else this.#established();
    this.#wire.send(xml`<stream:features>${this.#features()}</stream:features>`.text);
  }

  element(element: ScannedElement): void {
    if (this.#phase === "over") return;
    const { ns, name } = element;
    if (this.#phase === "header") throw new StreamError("not-authorized", { text: "A stream header was expected" });
    if (ns === NS.CLIENT || ns === NS.SERVER) return this.#onStanza(element);
    if (ns === NS.STREAM && name === "error") return this.#onStreamError(element);
    // Each costs an answer, as a stanza costs work.
    if (this.#remote !== undefined && this.#auth !== undefined)
      this.#receiver.charge(this.#remote, element.text.length);
    if (ns === NS.TLS && name === "starttls") return this.#onStartTls();
    if (ns === NS.SM) return this.#onManagement(element);
    this.#requireTls();
    if (ns === NS.DIALBACK) return this.#onDialback(element);
    if (ns === NS.SASL && this.#auth === undefined) return this.#onSasl(element);
    if (ns === NS.BIDI && name === "bidi") return this.#onBidi();
    throw new StreamError("unsupported-stanza-type");
  }

  ended(): void {}

  failed(error: StreamError): void {
    if (this.#phase === "over") return;
    if (!this.#hasHeader) this.#sendHeader();
    this.#reason = error.message;
    this.#host.refused(this.#remote, this.address, error.message);
    this.#wire.end(error);
  }

  #onStreamError(element: ScannedElement): void {
    this.#reason = `the other server ended the stream: ${conditionOf(element)}`;
    if (this.#remote !== undefined) this.#host.refused(this.#remote, this.address, this.#reason);
    this.#wire.end();
  }

  closed(reason: string): void {
    if (this.#phase === "over") return;
    this.#phase = "over";
    this.#stopTimer?.();
    this.#watch?.stop();
    this.#receiver.end();
    this.#sender?.end(this.#reason ?? reason);
    this.#host.left(this, this.#reason ?? reason);
  }

  // The negotiation

  #sendHeader(): void {
    this.#hasHeader = true;
    this.#streamId = this.#parts.newId();
    const from = this.#local === "" ? this.#parts.settings.domains[0]! : this.#local;
    this.#wire.send(headerText({ from, to: this.#remote, id: this.#streamId }));
  }

  /** Undefined: its certificate proves that it is this domain. */
  #certificateFault(domain: string | undefined): Judgement["fault"] {
    const { roots, now } = this.#parts;
    if (!this.#wire.encrypted || domain === undefined) return "none";
    this.#chain ??= judgeChain(this.#wire.chain, roots(), now());
    return judgeDomain(this.#chain, domain).fault;
  }

  #features(): readonly (Markup | false)[] {
    const { policy, tls } = this.#parts;
    if (!this.#wire.encrypted && tls.isReady) {
      const required = this.#needsTls && xml`<required/>`;
      const plain = this.#needsTls ? [] : this.#authFeatures(this.#allowed);
      return [xml`<starttls xmlns="${NS.TLS}">${required}</starttls>`, ...plain, this.#bidiFeature];
    }
    if (this.#auth !== undefined) return [xml`<sm xmlns="${NS.SM}"/>`];
    const allowed = this.#allowed;
    const fault = this.#certificateFault(this.#remote);
    if (this.#remote !== undefined && fault !== undefined && !policy.authOf(this.#remote).includes("dialback")) {
      throw new StreamError("not-authorized", { text: `The certificate is not accepted: ${fault}` });
    }
    return [...this.#authFeatures(allowed), this.#bidiFeature];
  }

  /** XEP-0288 section 2: before TLS and after it. */
  get #bidiFeature(): Markup | false {
    return this.#parts.settings.bidi && xml`<bidi xmlns="${NS.BIDI_FEATURE}"/>`;
  }

  #authFeatures(allowed: readonly S2sAuth[]): (Markup | false)[] {
    return [
      allowed.includes("external") && xml`<mechanisms xmlns="${NS.SASL}"><mechanism>EXTERNAL</mechanism></mechanisms>`,
      allowed.includes("dialback") && xml`<dialback xmlns="${NS.DIALBACK_FEATURE}"><errors/></dialback>`,
      // No restart follows a dialback, so this is the only place to offer it.
      allowed.includes("dialback") && xml`<sm xmlns="${NS.SM}"/>`,
    ];
  }

  /** How the peer may authenticate. */
  get #allowed(): readonly S2sAuth[] {
    const { policy, settings } = this.#parts;
    const auth = this.#remote === undefined ? settings.auth : policy.authOf(this.#remote);
    return auth.filter((way) => way === "dialback" || this.#certificateFault(this.#remote) === undefined);
  }

  get #needsTls(): boolean {
    const { policy, settings } = this.#parts;
    return this.#remote === undefined ? settings.requireTls : policy.needsTls(this.#remote);
  }

  #requireTls(): void {
    if (!this.#wire.encrypted && this.#needsTls) throw new StreamError("policy-violation", { text: "TLS is required" });
  }

  #onStartTls(): void {
    if (this.#wire.encrypted || this.#auth !== undefined || !this.#parts.tls.isReady) {
      this.#wire.send(xml`<failure xmlns="${NS.TLS}"/>`.text);
      return this.#wire.end();
    }
    // RFC 6120 section 5.4.3.3: what was negotiated without TLS is discarded.
    this.#wantsBidi = false;
    this.#wire.send(xml`<proceed xmlns="${NS.TLS}"/>`.text);
    this.#wire.acceptTls();
  }

  #onSasl(element: ScannedElement): void {
    if (element.name === "abort") return this.#refuseSasl("aborted");
    if (element.name !== "auth") return this.#refuseSasl("malformed-request");
    if (attribute(element, "mechanism") !== "EXTERNAL") return this.#refuseSasl("invalid-mechanism");
    const { policy } = this.#parts;
    const remote = this.#remote;
    const proved = remote !== undefined && this.#certificateFault(remote) === undefined;
    if (!proved || !policy.authOf(remote).includes("external")) return this.#refuseSasl("not-authorized");
    const authzid = readAuthzid(contentOf(element).trim());
    if (authzid === undefined) return this.#refuseSasl("incorrect-encoding");
    // XEP-0178 section 3: an empty one means the domain of the header.
    if (authzid !== "" && domainOf(authzid) !== remote) return this.#refuseSasl("invalid-authzid");
    if (!this.#identify({ local: this.#local, remote }, "external")) return;
    this.#wire.send(xml`<success xmlns="${NS.SASL}"/>`.text);
    this.#phase = "header";
    this.#hasHeader = false;
    this.#wire.restart();
  }

  /** RFC 6120 section 6.4.5 lets a client try again; a server whose certificate was refused has no other. */
  #refuseSasl(condition: string): void {
    this.#reason = `SASL EXTERNAL was refused: ${condition}`;
    this.#wire.send(`<failure xmlns="${NS.SASL}"><${condition}/></failure>`);
    if (this.#allowed.includes("dialback")) return;
    this.#wire.end();
  }

  #onBidi(): void {
    // XEP-0288 section 3: only before authentication.
    if (!this.#parts.settings.bidi || this.#auth !== undefined) throw new StreamError("policy-violation");
    this.#wantsBidi = true;
  }

  // Dialback

  #onDialback(element: ScannedElement): void {
    const read = readDialback(element);
    if (read === undefined) throw new StreamError("improper-addressing");
    // An answer belongs on the stream of its question.
    if (read.type !== undefined) throw new StreamError("bad-format");
    if (this.#auth === undefined && ++this.#questions > MAX_QUESTIONS) {
      throw new StreamError("policy-violation", { text: "Too many keys" });
    }
    if (read.name === "verify") this.#onQuestion(read);
    else this.#onKey(read);
  }

  /** Another server asks whether a key is ours. */
  #onQuestion({ from, to, id, key }: DialbackElement): void {
    const answer = { name: "verify", from: to, to: from, id } as const;
    if (!this.#parts.policy.serves(to)) return this.#wire.send(dialbackErrorText(answer, "item-not-found"));
    const isGenuine = this.#parts.keys.isGenuine({ receiving: from, originating: to, streamId: id }, key);
    this.#wire.send(verdictText(answer, isGenuine ? "valid" : "invalid"));
  }

  /** The other server says who it is. */
  #onKey({ from, to, key }: DialbackElement): void {
    const { policy, settings } = this.#parts;
    const pair = { local: to, remote: from };
    const answer = { name: "result", from: to, to: from } as const;
    if (!policy.serves(to)) return this.#wire.send(dialbackErrorText(answer, "item-not-found"));
    if (policy.refusal(from) !== undefined) return this.#wire.send(dialbackErrorText(answer, "policy-violation"));
    if (!this.#wire.encrypted && policy.needsTls(from))
      return this.#wire.send(dialbackErrorText(answer, "policy-violation"));
    // XEP-0344: the certificate tells more than the domain's server could.
    if (this.#isProvedByCertificate(from)) return this.#onVerdict(pair, true);
    if (!policy.authOf(from).includes("dialback")) return this.#wire.send(dialbackErrorText(answer, "not-authorized"));
    if (this.#pendingKeys >= settings.pendingKeys)
      return this.#wire.send(dialbackErrorText(answer, "resource-constraint"));
    this.#pendingKeys++;
    this.#host.verify({ receiving: to, originating: from, streamId: this.#streamId }, key).then(
      (genuine) => this.#onVerdict(pair, genuine, "dialback"),
      (error: LinkError) => this.#onNoVerdict(pair, error),
    );
  }

  #isProvedByCertificate(domain: string): boolean {
    return this.#parts.policy.authOf(domain).includes("external") && this.#certificateFault(domain) === undefined;
  }

  #onVerdict(pair: DomainPair, genuine: boolean, by?: "dialback"): void {
    if (by !== undefined) this.#pendingKeys--;
    if (this.#phase === "over") return;
    if (genuine && !this.#identify(pair, by ?? "external")) return;
    const answer = { name: "result", from: pair.local, to: pair.remote } as const;
    this.#wire.send(verdictText(answer, genuine ? "valid" : "invalid"));
    if (genuine) return this.#established();
    this.#parts.log.warn("forged dialback key", { address: this.address, domain: pair.remote });
    // XEP-0220 section 2.1.2: the stream of who has offered a forged key ends.
    if (this.#auth === undefined)
      this.failed(new StreamError("not-authorized", { text: "The dialback key is invalid" }));
  }

  #onNoVerdict({ local, remote }: DomainPair, error: LinkError): void {
    this.#pendingKeys--;
    const condition = error.fault === "not-found" ? "remote-server-not-found" : "remote-server-timeout";
    this.#parts.log.info("dialback key not verified", { address: this.address, domain: remote, error: error.message });
    this.#wire.send(dialbackErrorText({ name: "result", from: local, to: remote }, condition));
  }

  #identify(pair: DomainPair, auth: S2sAuth): boolean {
    if (this.#isKnown(pair.remote, pair.local)) return true;
    if (this.#pairs.length >= MAX_PAIRS) {
      this.failed(new StreamError("policy-violation", { text: "Too many domains on one stream" }));
      return false;
    }
    if (!this.#host.authenticated(this, pair, auth)) {
      this.failed(new StreamError("resource-constraint", { text: "Too many streams of this domain" }));
      return false;
    }
    this.#pairs.push(pair);
    if (this.#auth !== undefined) return true;
    this.#auth = auth;
    this.#stopTimer?.();
    this.#stopTimer = undefined;
    const { xmlLimits, waitingUnits } = this.#parts.settings;
    this.#wire.use(xmlLimits, waitingUnits);
    return true;
  }

  #isKnown(from: string | undefined, to: string): boolean {
    return this.#pairs.some(({ local, remote }) => remote === from && local === to);
  }

  // The established stream

  #established(): void {
    this.#phase = "established";
    const { settings } = this.#parts;
    this.#watch ??= new StreamWatch({
      ...this.#parts,
      wire: this.#wire,
      probeMs: settings.probeMs,
      idleMs: settings.idleMs,
      stanzas: () => this.#receiver.received + (this.#sender?.sent ?? 0),
      probe: () => this.#sender?.probe(),
    });
  }

  #onStanza(element: ScannedElement): void {
    if (this.#auth === undefined) throw new StreamError("not-authorized");
    this.#join();
    this.#receiver.receive(element);
  }

  #onManagement(element: ScannedElement): void {
    if (this.#auth === undefined) throw new StreamError("not-authorized");
    if (element.name === "enable") return this.#enable();
    if (element.name === "r") return this.#receiver.requested();
    if (element.name === "a") return this.#sender?.acknowledged(attribute(element, "h"));
    // XEP-0198 section 5: streams between servers are not resumed here.
    if (element.name === "resume") {
      this.#wire.send(xml`<failed xmlns="${NS.SM}"><item-not-found xmlns="${NS.STANZAS}"/></failed>`.text);
    }
  }

  #enable(): void {
    if (this.#sm) {
      return this.#wire.send(xml`<failed xmlns="${NS.SM}"><unexpected-request xmlns="${NS.STANZAS}"/></failed>`.text);
    }
    this.#sm = true;
    this.#receiver.enable();
    this.#wire.send(xml`<enabled xmlns="${NS.SM}"/>`.text);
    this.#join();
  }

  /** From here on the other direction may be used: it is known now whether XEP-0198 proves it. */
  #join(): void {
    const [pair] = this.#pairs;
    if (!this.#wantsBidi || this.#sender !== undefined || pair === undefined) return;
    const { settings } = this.#parts;
    const { local: from, remote: to } = pair;
    this.#sender = new StanzaSender(
      { ...this.#parts, wire: this.#wire, from, to, proofMs: settings.proofMs },
      this.#sm,
    );
    this.#host.joined(this, pair);
  }
}

/** Undefined: no Base64, or no UTF-8. */
function readAuthzid(text: string): string | undefined {
  if (text === "" || text === "=") return "";
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(text)) return undefined;
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(Buffer.from(text, "base64"));
  } catch {
    return undefined;
  }
}
