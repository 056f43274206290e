/**
 * A stream that is made to another server, from the header up to the point where stanzas may be sent: RFC 6120 sections 5 and 6, XEP-0178, 0220, 0288,
 * 0198. A state machine without promises, since a header and what follows it come in one segment.
 * @module
 */
import { LinkError, type LinkFault } from "../../destinations/federation/links.ts";
import type { StreamError } from "../../xmpp/errors.ts";
import { NS } from "../../xmpp/ns.ts";
import { Element } from "../../xmpp/xml/element.ts";
import { attribute, contentOf, type ScannedElement } from "../../xmpp/xml/scanned_element.ts";
import { xml } from "../../xmpp/xml/xml.ts";
import { type CertificateFault, type Judgement, judgeChain, judgeDomain } from "./certificate/judge_chain.ts";
import type { TrustedRoots } from "./certificate/trusted_roots.ts";
import { keyText, readDialback } from "./dialback_elements.ts";
import type { DialbackKeys } from "./dialback_key.ts";
import type { DomainPolicy } from "./domain_policy.ts";
import { type PeerFeatures, readFeatures } from "./peer_features.ts";
import type { S2sAuth } from "./s2s_settings.ts";
import { headerText } from "./server_header.ts";
import type { Wire, WireEvents } from "./wire.ts";

/** What the stream is made for: stanzas, or one question about a dialback key. */
export type Goal =
  | { readonly kind: "stanzas"; readonly bidi: boolean; readonly skipExternal: boolean }
  | { readonly kind: "verify"; readonly streamId: string; readonly key: string };

export interface Negotiated {
  readonly wire: Wire;
  readonly auth: S2sAuth;
  readonly sm: boolean;
  readonly bidi: boolean;
}

export type NegotiationEnd =
  | { readonly kind: "ready"; readonly negotiated: Negotiated }
  | { readonly kind: "verdict"; readonly genuine: boolean }
  /** EXTERNAL was refused; a new connection may try dialback. */
  | { readonly kind: "external-refused" }
  | { readonly kind: "failed"; readonly error: LinkError };

/** A step that has been taken, for who watches an attempt. */
export type Step =
  | { readonly kind: "tls"; readonly certificate: Judgement }
  | { readonly kind: "features"; readonly features: PeerFeatures; readonly encrypted: boolean }
  | { readonly kind: "authenticated"; readonly auth: S2sAuth }
  | { readonly kind: "ready"; readonly sm: boolean; readonly bidi: boolean };

export interface NegotiationParts {
  readonly from: string;
  readonly to: string;
  readonly policy: DomainPolicy;
  readonly keys: DialbackKeys;
  readonly roots: () => TrustedRoots;
  readonly now: () => number;
  readonly onStep?: ((step: Step) => void) | undefined;
}

type Phase = "header" | "features" | "tls" | "external" | "dialback" | "verify" | "enabling" | "over";

export class OutgoingNegotiation implements WireEvents {
  readonly #parts: NegotiationParts;
  readonly #goal: Goal;
  readonly #onEnd: (end: NegotiationEnd) => void;
  #wire!: Wire;
  #phase: Phase = "header";
  #streamId = "";
  #knowsDialback = false;
  #certificate: CertificateFault | undefined = "none";
  #auth: S2sAuth | undefined;
  #bidi = false;
  #reason: string | undefined;

  constructor(parts: NegotiationParts, goal: Goal, onEnd: (end: NegotiationEnd) => void) {
    this.#parts = parts;
    this.#goal = goal;
    this.#onEnd = onEnd;
  }

  /** Begins; `direct`: with TLS at once. */
  start(wire: Wire, direct: boolean): void {
    this.#wire = wire;
    if (direct) {
      this.#phase = "tls";
      wire.startTls(this.#parts.to, true);
    } else {
      wire.start();
      this.#open();
    }
  }

  /** Gives up. */
  stop(reason: string): void {
    this.#fail("unreachable", reason);
  }

  // What the wire tells

  secured(): void {
    const { to, roots, now } = this.#parts;
    const certificate = judgeDomain(judgeChain(this.#wire.chain, roots(), now()), to);
    this.#certificate = certificate.fault;
    this.#parts.onStep?.({ kind: "tls", certificate });
    this.#open();
  }

  header(header: ScannedElement): void {
    if (this.#phase !== "header") return this.#fail("unreachable", "it sent a stream header out of turn");
    this.#streamId = attribute(header, "id") ?? "";
    this.#knowsDialback = header.text.includes(NS.DIALBACK);
    this.#phase = "features";
    // Before XMPP 1.0 there were no features, and nothing but dialback.
    if (attribute(header, "version") === undefined) this.#onFeatures(NO_FEATURES);
  }

  element(element: ScannedElement): void {
    if (this.#phase === "over") return;
    if (element.ns === NS.STREAM && element.name === "error") return this.#onStreamError(element);
    switch (this.#phase) {
      case "features":
        if (element.ns === NS.STREAM && element.name === "features") return this.#onFeatures(readFeatures(element));
        break;
      case "tls":
        return this.#onTlsAnswer(element);
      case "external":
        return this.#onExternalAnswer(element);
      case "dialback":
      case "verify":
        return this.#onDialbackAnswer(element);
      case "enabling":
        if (element.ns === NS.SM) return this.#ready(element.name === "enabled");
        break;
    }
  }

  ended(): void {}

  failed(error: StreamError): void {
    this.#fail("unreachable", `what it sent cannot be read: ${error.message}`, error);
  }

  closed(reason: string): void {
    this.#fail("unreachable", this.#reason ?? reason);
  }

  // The steps

  #open(): void {
    const { from, to } = this.#parts;
    this.#phase = "header";
    this.#wire.send(headerText({ from, to }));
  }

  #onFeatures(features: PeerFeatures): void {
    const { encrypted } = this.#wire;
    this.#parts.onStep?.({ kind: "features", features, encrypted });
    if (this.#auth !== undefined) return this.#enable(features);
    if (!encrypted && features.startTls) {
      this.#phase = "tls";
      return this.#wire.send(xml`<starttls xmlns="${NS.TLS}"/>`.text);
    }
    if (!encrypted && this.#parts.policy.needsTls(this.#parts.to)) {
      return this.#fail("denied", "it offers no TLS, which s2s.require_tls asks for");
    }
    if (this.#goal.kind === "verify") return this.#ask(this.#goal);
    this.#authenticate(features, this.#goal);
  }

  #onTlsAnswer(element: ScannedElement): void {
    if (element.ns !== NS.TLS) return;
    if (element.name !== "proceed") return this.#fail("unreachable", "it refused STARTTLS");
    this.#wire.startTls(this.#parts.to, false);
  }

  #authenticate(features: PeerFeatures, goal: Extract<Goal, { kind: "stanzas" }>): void {
    const auth = this.#parts.policy.authOf(this.#parts.to);
    const ways = auth.filter((way) =>
      way === "external" ? this.#mayUseExternal(features, goal) : this.#mayUseDialback(features),
    );
    const [way] = ways;
    if (way === undefined) return this.#refuse(auth);
    this.#bidi = goal.bidi && features.bidi;
    // XEP-0288 section 3: before authentication.
    if (this.#bidi) this.#wire.send(xml`<bidi xmlns="${NS.BIDI}"/>`.text);
    if (way === "external") this.#sendExternal();
    else this.#sendKey(features);
  }

  #mayUseExternal({ external }: PeerFeatures, { skipExternal }: { readonly skipExternal: boolean }): boolean {
    return external && !skipExternal && this.#certificate === undefined;
  }

  #mayUseDialback({ dialback }: PeerFeatures): boolean {
    return dialback || this.#knowsDialback;
  }

  #refuse(auth: readonly S2sAuth[]): void {
    if (auth.includes("external") && this.#certificate !== undefined) {
      return this.#fail("unreachable", `its certificate is not accepted: ${this.#certificate}`);
    }
    this.#fail("denied", `it offers no authentication that s2s.auth allows (${auth.join(", ")})`);
  }

  #sendExternal(): void {
    this.#phase = "external";
    const authzid = Buffer.from(this.#parts.from).toString("base64");
    this.#wire.send(xml`<auth xmlns="${NS.SASL}" mechanism="EXTERNAL">${authzid}</auth>`.text);
  }

  #onExternalAnswer(element: ScannedElement): void {
    if (element.ns !== NS.SASL) return;
    if (element.name === "challenge") return this.#wire.send(xml`<response xmlns="${NS.SASL}">=</response>`.text);
    if (element.name !== "success") return this.#onExternalRefused(element);
    this.#authenticated("external");
    this.#wire.restart();
    this.#open();
  }

  #onExternalRefused(element: ScannedElement): void {
    if (!this.#parts.policy.authOf(this.#parts.to).includes("dialback")) {
      return this.#fail("unreachable", `it refuses our certificate: ${conditionOf(element)}`);
    }
    this.#finish({ kind: "external-refused" });
    this.#wire.end();
  }

  /** No restart follows, so the features that came before hold: XEP-0220 section 2.1. */
  #features: PeerFeatures = NO_FEATURES;

  #sendKey(features: PeerFeatures): void {
    const { from, to, keys } = this.#parts;
    this.#phase = "dialback";
    this.#features = features;
    const key = keys.make({ receiving: to, originating: from, streamId: this.#streamId });
    this.#wire.send(keyText({ name: "result", from, to }, key));
  }

  #ask({ streamId, key }: Extract<Goal, { kind: "verify" }>): void {
    const { from, to } = this.#parts;
    this.#phase = "verify";
    this.#wire.send(keyText({ name: "verify", from, to, id: streamId }, key));
  }

  #onDialbackAnswer(element: ScannedElement): void {
    const answer = readDialback(element);
    const name = this.#phase === "verify" ? "verify" : "result";
    if (answer?.name !== name || answer.type === undefined) return;
    if (answer.from !== this.#parts.to || answer.to !== this.#parts.from) return;
    if (answer.type === "error") return this.#fail("unreachable", `it could not verify us: ${conditionOf(element)}`);
    const genuine = answer.type === "valid";
    if (this.#goal.kind === "verify") return this.#onVerdict(genuine, answer.id === this.#goal.streamId);
    if (!genuine) return this.#fail("invalid", "it does not believe that we are who we say (dialback)");
    this.#authenticated("dialback");
    this.#enable(this.#features);
  }

  #onVerdict(genuine: boolean, same: boolean): void {
    if (!same) return;
    this.#finish({ kind: "verdict", genuine });
    this.#wire.end();
  }

  #authenticated(auth: S2sAuth): void {
    this.#auth = auth;
    this.#parts.onStep?.({ kind: "authenticated", auth });
  }

  #enable({ sm }: PeerFeatures): void {
    if (!sm) return this.#ready(false);
    this.#phase = "enabling";
    this.#wire.send(xml`<enable xmlns="${NS.SM}"/>`.text);
  }

  #ready(sm: boolean): void {
    const { auth, bidi } = { auth: this.#auth!, bidi: this.#bidi };
    this.#parts.onStep?.({ kind: "ready", sm, bidi });
    this.#finish({ kind: "ready", negotiated: { wire: this.#wire, auth, sm, bidi } });
  }

  #onStreamError(element: ScannedElement): void {
    this.#fail("unreachable", `it ended the stream: ${conditionOf(element)}`);
  }

  #fail(fault: LinkFault, message: string, answer?: StreamError): void {
    if (this.#phase === "over") return;
    const { to } = this.#parts;
    this.#finish({ kind: "failed", error: new LinkError(fault, `Cannot reach ${to}: ${message}`) });
    this.#wire.end(answer);
  }

  #finish(end: NegotiationEnd): void {
    if (this.#phase === "over") return;
    this.#phase = "over";
    this.#onEnd(end);
  }
}

const NO_FEATURES: PeerFeatures = { startTls: false, external: false, dialback: true, sm: false, bidi: false };
const MAX_TEXT = 200;

/** The condition in an error of a stream or a stanza, and its text, as the other server wrote them. */
export function conditionOf(element: ScannedElement): string {
  if (contentOf(element) === "") return "no reason given";
  const tree = Element.parse(element.text, NS.CLIENT, element.inherited);
  const error = tree.child("error", NS.CLIENT) ?? tree;
  const condition = error.elements.find(({ name }) => name !== "text")?.name ?? "no reason given";
  const text = error.elements.find(({ name }) => name === "text")?.text ?? "";
  return text === "" ? condition : `${condition}, "${text.slice(0, MAX_TEXT)}"`;
}
