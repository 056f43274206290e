/** Which domains may be spoken to, and what is asked of each. @module */
import type { S2sAuth, S2sSettings } from "./s2s_settings.ts";

export class DomainPolicy {
  readonly #settings: Pick<S2sSettings, "domains" | "allow" | "deny" | "require" | "auth" | "requireTls">;

  constructor(settings: Pick<S2sSettings, "domains" | "allow" | "deny" | "require" | "auth" | "requireTls">) {
    this.#settings = settings;
  }

  serves(domain: string): boolean {
    return this.#settings.domains.includes(domain);
  }

  /** Why there may be no stream with that domain; undefined: there may. */
  refusal(domain: string): string | undefined {
    const { allow, deny } = this.#settings;
    if (this.serves(domain)) return "it is served here";
    if (deny.some((pattern) => covers(pattern, domain))) return "s2s.deny names it";
    if (allow.length > 0 && !allow.some((pattern) => covers(pattern, domain))) return "s2s.allow does not name it";
    return undefined;
  }

  authOf(domain: string): readonly S2sAuth[] {
    return this.#requirement(domain)?.auth ?? this.#settings.auth;
  }

  needsTls(domain: string): boolean {
    return this.#requirement(domain)?.tls ?? this.#settings.requireTls;
  }

  #requirement(domain: string) {
    const { require } = this.#settings;
    return Object.hasOwn(require, domain) ? require[domain] : undefined;
  }
}

/** Whether a pattern, a domain or `*.domain`, means that domain. */
export function covers(pattern: string, domain: string): boolean {
  return pattern.startsWith("*.") ? domain.endsWith(pattern.slice(1)) : pattern === domain;
}
