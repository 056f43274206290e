import { domainToASCII } from "node:url";
import type { CertificateExtensions } from "./extensions.ts";

/** A domain alone: some runtimes read the rest of an address as parts of a URL, and leave it out. */
const NO_PATH = /^[^/?#\\@:]+$/;
const SRV_PREFIX = "_xmpp-server.";

/**
 * Whether the certificate is for the XMPP domain: RFC 6120 section 13.7.1.2. The common name does not count. A wildcard stands for exactly one
 * whole label, the first.
 */
export function namesDomain(
  { dnsNames, srvNames, xmppAddresses }: Pick<CertificateExtensions, "dnsNames" | "srvNames" | "xmppAddresses">,
  domain: string,
): boolean {
  const name = domainToASCII(domain).toLowerCase();
  // A name that cannot be written in ASCII would equal every other such name.
  if (name === "") return false;
  return (
    dnsNames.some((pattern) => matches(pattern.toLowerCase(), name)) ||
    srvNames.some((text) => text.toLowerCase() === SRV_PREFIX + name) ||
    xmppAddresses.some((address) => NO_PATH.test(address) && domainToASCII(address).toLowerCase() === name)
  );
}

function matches(pattern: string, name: string): boolean {
  if (!pattern.startsWith("*.")) return pattern === name;
  const dot = name.indexOf(".");
  // `*.org` would cover every domain of a registry.
  return dot > 0 && name.slice(dot) === pattern.slice(1) && pattern.indexOf(".", 2) > 0;
}
