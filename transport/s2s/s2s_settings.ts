/** Settings of the streams between servers; times in milliseconds. @module */
import type { XmlLimits } from "../../xmpp/xml/scanned_element.ts";

/** How a server proves its domain: by its certificate (SASL EXTERNAL), or by an answer from where DNS says it is (dialback). */
export type S2sAuth = "external" | "dialback";

/** What is asked of one domain in place of the general settings. */
export interface DomainRequirement {
  readonly auth?: readonly S2sAuth[] | undefined;
  readonly tls?: boolean | undefined;
}

export interface S2sSettings {
  /** The domains served here. */
  readonly domains: readonly string[];
  /** In the order in which they are tried. */
  readonly auth: readonly S2sAuth[];
  readonly requireTls: boolean;
  /** With any: only these. `*.example.org` stands for all domains below. */
  readonly allow: readonly string[];
  readonly deny: readonly string[];
  readonly require: Readonly<Record<string, DomainRequirement>>;
  readonly bidi: boolean;
  readonly xmlLimits: XmlLimits;
  /** Bytes of one element before the peer is authenticated. */
  readonly strangerBytes: number;
  /** From a connection to an authenticated stream. */
  readonly negotiationMs: number;
  /** To reach one address. */
  readonly connectMs: number;
  /** For the proof of a stanza; then the stream is dead. */
  readonly proofMs: number;
  /** Silence after which a stream is probed. */
  readonly probeMs: number;
  /** Without a stanza for this time a stream is closed; 0: never. */
  readonly idleMs: number;
  /** Attempts to reach a server at once. */
  readonly attempts: number;
  /** Attempts that may wait for their turn. */
  readonly waitingAttempts: number;
  /** How long it is remembered that a domain does not exist. */
  readonly negativeMs: number;
  /** Streams of peers that are not authenticated yet; 0: no limit. */
  readonly strangers: number;
  readonly strangersPerAddress: number;
  readonly streamsPerDomain: number;
  /** Dialback keys of one stream that are being verified. */
  readonly pendingKeys: number;
  /** Of one domain, over all its streams; 0: no limit. */
  readonly stanzasPerSecond: number;
  readonly stanzaBurst: number;
  readonly bytesPerSecond: number;
  readonly byteBurst: number;
  /** Stanzas of one stream that wait for a place to go, in either direction, and their UTF-16 units. */
  readonly waitingStanzas: number;
  readonly waitingUnits: number;
}
