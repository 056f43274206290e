/** The client's stream header, checked: RFC 6120 section 4.7. @module */
import { mayBeDomain } from "../xmpp/domain.ts";
import { StreamError } from "../xmpp/errors.ts";
import { Jid } from "../xmpp/jid.ts";

/** The header's attributes as received. */
export interface HeaderRequest {
  readonly to: string | undefined;
  readonly from: string | undefined;
  readonly version: string | undefined;
}

export interface CheckedHeader {
  /** One of our domains. */
  readonly domain: string;
  readonly from: Jid | undefined;
}

/** `account`: who has authenticated on this connection. Throws StreamError. */
export function checkHeader(
  request: HeaderRequest,
  domains: readonly string[],
  account: Jid | undefined,
): CheckedHeader {
  const domain = checkDomain(request.to, account === undefined ? domains : [account.domain]);
  const from = checkFrom(request.from, account);
  // XEP-0388 section 3.1: a stream is for an account of its own domain.
  if (from !== undefined && from.domain !== domain) throw new StreamError("invalid-from");
  // RFC 6120 section 4.7.5: a missing version means 0.9; a higher version is answered with 1.0.
  if (!/^[1-9]\d*\.\d+$/.test(request.version ?? "")) throw new StreamError("unsupported-version");
  return { domain, from };
}

function checkDomain(to: string | undefined, domains: readonly string[]): string {
  if (!to) throw new StreamError("improper-addressing", { text: "The stream header has no 'to'" });
  const domain = servedDomain(to, domains);
  if (domain === undefined) throw new StreamError("host-unknown");
  return domain;
}

/**
 * The one of `domains` that a client without a session addresses. The text is parsed as an address only if it equals
 * none of them.
 */
export function servedDomain(to: string, domains: readonly string[]): string | undefined {
  if (domains.includes(to)) return to;
  const jid = mayBeDomain(to) ? Jid.tryParse(to) : undefined;
  return jid !== undefined && domains.includes(jid.text) ? jid.text : undefined;
}

function checkFrom(text: string | undefined, account: Jid | undefined): Jid | undefined {
  if (!text) return undefined;
  const from = Jid.tryParse(text);
  if (from === undefined || (account !== undefined && !from.bare.equals(account)))
    throw new StreamError("invalid-from");
  return from;
}
