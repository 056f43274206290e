/** What the transports need from the server. @module */
import type { Meters } from "../actors/meters.ts";
import type { SessionService } from "../actors/session_service.ts";
import type { ServerContext } from "../modules/module.ts";
import type { Registry } from "../modules/registry.ts";
import type { Credentials } from "../store/store.ts";
import type { Jid } from "../xmpp/jid.ts";
import type { Log } from "../xmpp/log.ts";
import type { XmlLimits } from "../xmpp/xml/scanned_element.ts";

/** XEP-0124. Times in seconds. */
export interface BoshSettings {
  readonly waitMax: number;
  readonly holdMax: number;
  readonly requests: number;
  readonly inactivity: number;
  readonly polling: number;
  readonly pauseMax: number;
}

/** How many logins may fail (failed_logins.ts); 0: no limit. */
export interface FailedLoginLimits {
  readonly perAddressMinute: number;
  readonly perAddressAndAccountMinute: number;
  readonly perAccountHour: number;
}

/** Settings of the transports. 0 means no limit. */
export interface StreamSettings {
  /** Prepared domains; the first is the default. */
  readonly domains: readonly string[];
  readonly plainWithoutTls: "never" | "loopback" | "always";
  readonly anonymous: boolean;
  /** Failed logins before a stream is closed. */
  readonly maxAttempts: number;
  /** Rounds of PBKDF2; keys with fewer are renewed. */
  readonly scramRounds: number;
  readonly xmlLimits: XmlLimits;
  /** Replaces `xmlLimits.maxBytes` before authentication. */
  readonly strangerStanzaBytes: number;
  /** How long a stream may take until a resource is bound, milliseconds. */
  readonly negotiationMs: number;
  readonly failedLogins: FailedLoginLimits;
  readonly registrationsPerHour: number;
  readonly connectionsPerAddress: number;
  /** HTTP requests of one address whose bodies are read at a time. */
  readonly uploadsPerAddress: number;
  readonly bosh: BoshSettings;
  /** Base URL of the HTTP endpoints as clients see it, for XEP-0156; left out: taken from the request. */
  readonly publicUrl?: string | undefined;
  /** Whether connections from trusted proxies to the TCP listeners begin with a PROXY header. */
  readonly proxyProtocol: boolean;
  /** Origins of web pages that may connect, or `*`; empty: see AllowedOrigins. */
  readonly allowedOrigins: readonly string[];
  /** Addresses and networks (`10.0.0.0/8`) of reverse proxies, whose X-Forwarded-For and -Proto are believed. */
  readonly trustedProxies: readonly string[];
}

export interface StreamServices {
  readonly settings: StreamSettings;
  readonly registry: Pick<Registry, "modules" | "streamFeatures" | "answerPreAuth">;
  readonly serverContext: ServerContext;
  readonly sessions: SessionService;
  readonly log: Log;
  readonly meters: Pick<Meters, "loggedIn">;
  /** At least 16 random bytes, the same after a restart: SCRAM salts for accounts that do not exist derive from it. */
  readonly secret: Uint8Array;
  /** The keys of an account by its bare JID; undefined where there is no such account. */
  credentials(account: Jid): Promise<Credentials | undefined>;
  now(): number;
  newId(): string;
  /** Runs a task later; returns what cancels it. */
  schedule(ms: number, task: () => void): () => void;
}
