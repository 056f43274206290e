/** Web pages that may connect, by the `Origin` of RFC 6454. There are no cookies that a page could abuse. @module */
import type { Peer } from "./client_address.ts";

export interface OriginSettings {
  readonly domains: readonly string[];
  readonly publicUrl?: string | undefined;
  /** Origins (`https://chat.example.org`), or `*` for any; empty: see AllowedOrigins. */
  readonly allowedOrigins: readonly string[];
}

/**
 * With no origins configured, pages of any origin may connect from other machines, which could connect without a
 * browser as well. A request from this machine may come from its user's browser for any page, and may reach a server
 * that no other machine can reach. There only pages of this machine, of the served domains and of `http.public_url` may
 * connect. Names that merely resolve to this machine do not count, since anybody can have one.
 */
export class AllowedOrigins {
  readonly #listed: ReadonlySet<string>;
  readonly #domains: readonly string[];
  readonly #own: string | undefined;

  constructor({ domains, publicUrl, allowedOrigins }: OriginSettings) {
    this.#listed = new Set(allowedOrigins.map((origin) => (origin === "*" ? origin : new URL(origin).origin)));
    this.#domains = domains;
    this.#own = publicUrl === undefined ? undefined : new URL(publicUrl).origin;
  }

  /** A client that is no browser sends no origin and may connect. */
  allows(origin: string | undefined, { security }: Peer): boolean {
    if (origin === undefined || origin === this.#own || this.#listed.has("*")) return true;
    if (this.#listed.size > 0) return this.#listed.has(origin);
    return !security.loopback || this.#isNear(origin);
  }

  #isNear(origin: string): boolean {
    if (!URL.canParse(origin)) return false;
    const { hostname } = new URL(origin);
    if (isThisMachine(hostname)) return true;
    return this.#domains.some((domain) => hostname === domain || hostname.endsWith(`.${domain}`));
  }
}

function isThisMachine(hostname: string): boolean {
  return /^(?:(?:.+\.)?localhost|127(?:\.\d{1,3}){3}|\[::1\])$/.test(hostname);
}
