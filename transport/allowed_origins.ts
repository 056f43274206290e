/** From which web pages a browser may come: the `Origin` of RFC 6454. There are no cookies that a page could abuse. @module */
import type { Peer } from "./client_address.ts";

export interface OriginSettings {
  readonly domains: readonly string[];
  readonly publicUrl?: string | undefined;
  /** Origins (`https://chat.example.org`), or `*` for any; empty: see AllowedOrigins. */
  readonly allowedOrigins: readonly string[];
}

/**
 * With no origins configured, pages of any may come from elsewhere, who could as well come without a browser. What comes from
 * this machine may have been sent by its user's browser for any page, and reach a server that nobody else can: there only
 * pages of this machine, of the served domains and of `http.public_url` may. No name that merely leads here counts,
 * since that may be anybody's.
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

  /** Who is no browser says no origin, and may come. */
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
