/** All streams to and from other servers. @module */
import type { Socket } from "node:net";
import { LinkError, type Links, type SendOptions } from "../../destinations/federation/links.ts";
import { StreamError } from "../../xmpp/errors.ts";
import type { Stanza } from "../../xmpp/stanza.ts";
import { AddressCount } from "../address_count.ts";
import { UNKNOWN_ADDRESS } from "../client_address.ts";
import { Attempts } from "./attempts.ts";
import { dial } from "./dial.ts";
import type { KeyScope } from "./dialback_key.ts";
import { type IncomingHost, IncomingStream } from "./incoming_stream.ts";
import type { LinkParts } from "./link_parts.ts";
import { OutgoingLink } from "./outgoing_link.ts";
import { type DomainPair, OutgoingStream } from "./outgoing_stream.ts";
import { type ProbeStep, probeServer } from "./probe_server.ts";
import type { S2sAuth } from "./s2s_settings.ts";
import { serverText } from "./server_stanza.ts";
import { Wire, type WireEvents } from "./wire.ts";

/** A stream, for reports. */
export interface StreamReport {
  readonly direction: "in" | "out" | "both";
  readonly local: string;
  readonly remote: string;
  readonly auth: S2sAuth | undefined;
  readonly encrypted: boolean;
  readonly sm: boolean;
  readonly stanzas: number;
  readonly address: string;
}

/** A pair of domains that stanzas are sent for. */
export interface LinkReport extends DomainPair {
  readonly state: "connecting" | "connected" | "down";
  /** Stanzas that are not proved yet. */
  readonly waiting: number;
  readonly lastError: string | undefined;
}

/** The last error of an incoming stream of a domain; it says that it is that domain. */
export interface RefusalReport {
  readonly remote: string;
  readonly address: string;
  readonly error: string;
  /** Milliseconds since 1970. */
  readonly at: number;
}

export interface S2sReport {
  readonly streams: readonly StreamReport[];
  readonly links: readonly LinkReport[];
  /** Streams of peers that are not authenticated. */
  readonly strangers: number;
  readonly refusals: readonly RefusalReport[];
}

/** Above this number links without a stream are forgotten. */
const MANY_LINKS = 1000;
/** Strangers may say that they are any domain. */
const MANY_REFUSALS = 100;
/** Longest wait for the ends of the streams. */
const CLOSING_MS = 1000;

export class ServerLinks implements Links, IncomingHost {
  readonly #parts: LinkParts;
  readonly #attempts: Attempts;
  /** Apart, so that strangers who make us ask do not hold up what is sent. */
  readonly #verifications: Attempts;
  readonly #links = new Map<string, { readonly pair: DomainPair; readonly link: OutgoingLink }>();
  readonly #outgoing = new Map<OutgoingStream, Omit<StreamReport, "stanzas">>();
  readonly #incoming = new Set<IncomingStream>();
  readonly #refusals = new Map<string, RefusalReport>();
  readonly #strangers: AddressCount;
  #strangerCount = 0;
  #onEmpty: () => void = () => {};
  readonly #abort = new AbortController();

  constructor(parts: Omit<LinkParts, "answer">) {
    const { settings } = parts;
    this.#parts = { ...parts, answer: (stanza) => this.#answer(stanza) };
    this.#attempts = new Attempts(settings.attempts, settings.waitingAttempts);
    this.#verifications = new Attempts(settings.attempts, settings.waitingAttempts);
    this.#strangers = new AddressCount(settings.strangersPerAddress);
  }

  // Links

  send(stanza: Stanza, { proof, signal }: SendOptions): Promise<void> {
    const { from, to } = stanza;
    if (from === undefined || to === undefined)
      return Promise.reject(new LinkError("denied", "Cannot send: no address"));
    // No stream in the name of somebody else: what comes from another server is not relayed.
    if (!this.#parts.settings.domains.includes(from.domain))
      return Promise.reject(new LinkError("denied", `Cannot send for ${from.domain}: it is not served here`));
    if (this.#abort.signal.aborted)
      return Promise.reject(new LinkError("unreachable", "Cannot send: this server stops"));
    const link = this.#linkOf({ local: from.domain, remote: to.domain });
    return link.send(serverText(stanza), proof, signal);
  }

  async close(): Promise<void> {
    this.#abort.abort();
    for (const { link } of this.#links.values()) link.close();
    for (const stream of [...this.#incoming]) stream.close(new StreamError("system-shutdown"));
    for (const stream of [...this.#outgoing.keys()]) stream.close();
    this.#links.clear();
    await this.#emptied();
  }

  /** What was sent may still be proved, for a short time. */
  #emptied(): Promise<void> {
    if (this.#outgoing.size + this.#incoming.size === 0) return Promise.resolve();
    return new Promise((resolve) => {
      const stop = this.#parts.schedule(CLOSING_MS, resolve);
      this.#onEmpty = () => {
        stop();
        resolve();
      };
    });
  }

  #tellEmpty(): void {
    if (this.#outgoing.size + this.#incoming.size === 0) this.#onEmpty();
  }

  /** Tries to reach a domain, and tells each step. Rejects with LinkError. */
  probe(pair: DomainPair, onStep: (step: ProbeStep) => void): Promise<void> {
    return probeServer(this.#parts, pair, onStep, this.#abort.signal);
  }

  #linkOf(pair: DomainPair): OutgoingLink {
    const key = `${pair.local} ${pair.remote}`;
    const known = this.#links.get(key);
    if (known !== undefined) return known.link;
    if (this.#links.size >= MANY_LINKS) this.#forgetIdle();
    const link = new OutgoingLink({ ...this.#parts, dial: (asking) => this.#dial(pair, asking) });
    this.#links.set(key, { pair, link });
    return link;
  }

  #forgetIdle(): void {
    for (const [key, { link }] of this.#links) if (link.isIdle) this.#links.delete(key);
  }

  async #dial(pair: DomainPair, link: OutgoingLink): Promise<void> {
    const { settings } = this.#parts;
    const { signal } = this.#abort;
    const goal = { kind: "stanzas", bidi: settings.bidi, skipExternal: false } as const;
    await this.#attempts.run(() =>
      dial(this.#parts, {
        pair,
        goal,
        signal,
        ready: (negotiated) => {
          const { wire, auth, sm, bidi } = negotiated;
          const stream = new OutgoingStream(this.#parts, pair, negotiated, (reason) => {
            this.#outgoing.delete(stream);
            link.left(stream, reason);
            this.#tellEmpty();
          });
          const { encrypted, address } = wire;
          const direction = bidi ? "both" : "out";
          this.#outgoing.set(stream, { ...pair, direction, auth, encrypted, sm, address });
          this.#parts.log.debug("stream to another server", { ...pair, address, auth, sm, bidi });
          // Where the other server has made one for both directions meanwhile, it may use this one: it stays until it is idle.
          link.joined(stream);
        },
      }),
    );
  }

  /** An error of our own: what becomes of it is of no further interest. */
  #answer(stanza: Stanza): void {
    this.send(stanza, { proof: false }).catch((error: unknown) =>
      this.#parts.log.debug("answer not sent", { to: stanza.to?.text, error: String(error) }),
    );
  }

  // IncomingHost

  verify(scope: KeyScope, key: string): Promise<boolean> {
    const { receiving, originating, streamId } = scope;
    const goal = { kind: "verify", streamId, key } as const;
    const pair = { local: receiving, remote: originating };
    const { signal } = this.#abort;
    return this.#verifications.run(() => dial(this.#parts, { pair, goal, signal, ready: () => {} }));
  }

  authenticated(stream: IncomingStream, { local, remote }: DomainPair, auth: S2sAuth): boolean {
    const { streamsPerDomain } = this.#parts.settings;
    const same = [...this.#incoming].filter(({ pairs }) => pairs.some((pair) => pair.remote === remote));
    if (streamsPerDomain > 0 && same.length >= streamsPerDomain) return false;
    if (stream.auth === undefined) this.#noStranger(stream);
    this.#parts.log.debug("stream from another server", { local, remote, auth, address: stream.address });
    return true;
  }

  joined(stream: IncomingStream, pair: DomainPair): void {
    this.#linkOf(pair).joined(stream);
  }

  left(stream: IncomingStream, reason: string): void {
    if (!this.#incoming.delete(stream)) return;
    if (stream.auth === undefined) this.#noStranger(stream);
    const [pair] = stream.pairs;
    if (pair !== undefined) this.#links.get(`${pair.local} ${pair.remote}`)?.link.left(stream, reason);
    this.#tellEmpty();
  }

  refused(domain: string | undefined, address: string, reason: string): void {
    this.#parts.log.info("stream of another server ended with an error", { address, domain, error: reason });
    if (domain === undefined) return;
    this.#refusals.delete(domain);
    this.#refusals.set(domain, { remote: domain, address, error: reason, at: this.#parts.now() });
    if (this.#refusals.size > MANY_REFUSALS) this.#refusals.delete(this.#refusals.keys().next().value!);
  }

  /** Serves another server on a connection that it has made. */
  accept(socket: Socket, direct: boolean): void {
    const { settings, schedule, tls, log } = this.#parts;
    const address = socket.remoteAddress ?? UNKNOWN_ADDRESS;
    const refusal = this.#refusal(address);
    // No error is sent: it would need a handshake, the most expensive step.
    if (refusal !== undefined && direct) return void socket.destroy();
    const limits = { ...settings.xmlLimits, maxBytes: settings.strangerBytes };
    const makeWire = (events: WireEvents) => new Wire({ socket, tls, limits, schedule, log }, events);
    const stream = new IncomingStream(this.#parts, this, makeWire);
    this.#incoming.add(stream);
    this.#strangerCount++;
    this.#strangers.add(address);
    if (refusal === undefined) stream.start(direct);
    else stream.close(refusal);
  }

  #refusal(address: string): StreamError | undefined {
    const { strangers } = this.#parts.settings;
    if (this.#abort.signal.aborted) return new StreamError("system-shutdown");
    const isFull = strangers > 0 && this.#strangerCount >= strangers;
    if (isFull) return new StreamError("resource-constraint", { text: "Too many streams that are not authenticated" });
    if (this.#strangers.hasRoom(address)) return undefined;
    return new StreamError("policy-violation", { text: "Too many streams of this address" });
  }

  #noStranger({ address }: IncomingStream): void {
    this.#strangerCount--;
    this.#strangers.remove(address);
  }

  // Reports

  report(): S2sReport {
    const incoming = [...this.#incoming].flatMap((stream) => stream.pairs.map((pair) => ofIncoming(stream, pair)));
    const outgoing = [...this.#outgoing].map(([{ sender }, report]) => ({ ...report, stanzas: sender.sent }));
    const links = [...this.#links.values()].map(({ pair, link }) => ofLink(pair, link));
    return {
      streams: [...incoming, ...outgoing],
      links,
      strangers: this.#strangerCount,
      refusals: [...this.#refusals.values()],
    };
  }
}

function ofIncoming(stream: IncomingStream, pair: DomainPair): StreamReport {
  const { address, auth, encrypted, received: stanzas, hasManagement: sm } = stream;
  return { ...pair, direction: stream.isBidirectional ? "both" : "in", auth, encrypted, sm, stanzas, address };
}

function ofLink(pair: DomainPair, { stream, isDialing, waiting, lastError }: OutgoingLink): LinkReport {
  const state = stream !== undefined ? "connected" : isDialing ? "connecting" : "down";
  return { ...pair, state, waiting, lastError: lastError?.message };
}
