/** What is wrong with a certificate in the eyes of clients that check it, for the operator's log. @module */
import { X509Certificate } from "node:crypto";
import { isIP } from "node:net";
import { isLoopback } from "../transport/client_address.ts";
import type { Log } from "../xmpp/log.ts";
import { hostName } from "./certificate.ts";

/** Warns where the certificate does not name a domain that is served: clients refuse it for that one (RFC 6120 section 13.7.1.2). */
export function adviseOnNames(cert: string, domains: readonly string[], log: Log): void {
  const certificate = new X509Certificate(cert);
  const missing = domains.filter((domain) => !names(certificate, hostName(domain)));
  if (missing.length === 0) return;
  log.warn("certificate does not name all domains", { missing, names: certificate.subjectAltName ?? "none" });
}

/** Warns where a self-signed certificate is shown to others than this machine. `host`: where it listens. */
export function adviseOnIssuer(cert: string, host: string, log: Log): void {
  if (host === "localhost" || isLoopback(host)) return;
  const certificate = new X509Certificate(cert);
  if (!certificate.verify(certificate.publicKey)) return;
  log.warn("certificate is self-signed: clients elsewhere will not trust it", { host });
}

function names(certificate: X509Certificate, host: string): boolean {
  return (isIP(host) === 0 ? certificate.checkHost(host) : certificate.checkIP(host)) !== undefined;
}
