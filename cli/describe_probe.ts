/** The lines of `s2s test`: each step of an attempt to reach another server, and what to do about a fault. @module */
import type { LinkError, LinkFault } from "../destinations/federation/links.ts";
import type { CertificateFault, Judgement } from "../transport/s2s/certificate/judge_chain.ts";
import type { Service } from "../transport/s2s/locate.ts";
import type { PeerFeatures } from "../transport/s2s/peer_features.ts";
import type { ProbeStep } from "../transport/s2s/probe_server.ts";
import { NS } from "../xmpp/ns.ts";

const CERTIFICATE_ADVICE: Readonly<Record<CertificateFault, string>> = {
  none: "the other server shows no certificate",
  expired:
    "the other server's administrator has to renew it, or the certificate of its authority; check this machine's clock too",
  "not-yet-valid": "check this machine's clock",
  "self-signed": "if you know it is theirs, put it into the file that s2s.ca names",
  "unknown-authority":
    "put the authority's certificate into the file that s2s.ca names, or have the other server send its whole chain",
  weak: "its key is too short",
  "not-for-servers": "it was issued for another purpose, such as mail",
  "another-name": "it must name the XMPP domain, not the host (RFC 6120 section 13.7.1.2)",
  unreadable: "it holds what is not understood here, such as constraints of names",
};

const FAULT_ADVICE: Readonly<Record<LinkFault, string>> = {
  "not-found":
    "Check the spelling. The domain needs an SRV record _xmpp-server._tcp, or an address with a server at port 5269.",
  unreachable: "The other server may be down, or a firewall stands between: outgoing TCP to its port must be allowed.",
  unproved: "The stream ended before the other server has confirmed what was sent.",
  invalid:
    "The other server asked the server of our domain in DNS, and that one did not know our key: check that our SRV records lead to this server.",
  denied: "See s2s.allow, s2s.deny, s2s.require, s2s.auth and s2s.require_tls.",
};

export function describeStep(step: ProbeStep): readonly string[] {
  switch (step.kind) {
    case "services":
      return step.services.map((service) => `DNS          ${describeService(service)}`);
    case "addresses":
      return [`addresses    ${step.service.name}: ${step.addresses.join(", ")}`];
    case "connecting":
      return [`connecting   ${step.address} port ${step.service.port}${step.service.tls ? " with direct TLS" : ""}`];
    case "unreachable":
      return [`             failed: ${step.reason}`];
    case "tls":
      return describeCertificate(step.certificate);
    case "features":
      return [`features     ${describeFeatures(step.features, step.encrypted)}`];
    case "external-refused":
      return ["auth         it refuses our certificate (SASL EXTERNAL); dialback is tried on a new connection"];
    case "authenticated":
      return [`auth         it accepts us by ${step.auth === "external" ? "certificate (SASL EXTERNAL)" : "dialback"}`];
    case "ready":
      return [
        `stream       ready; proof of receipt by ${step.sm ? "XEP-0198" : "ping"}; ${step.bidi ? "both directions" : "one direction"}`,
      ];
    case "disco":
      return [`AMP          ${describeAmp(step.features)}`];
    case "no-answer":
      return [
        "AMP          not known: no answer came; the other server must be able to reach this one, at the place that DNS tells",
      ];
    default:
      return step satisfies never;
  }
}

export function describeFault({ fault, message }: LinkError): readonly string[] {
  return [`FAILED       ${message}`, `             ${FAULT_ADVICE[fault]}`];
}

function describeService({ name, port, tls }: Service): string {
  return `${name} port ${port}${tls ? " (direct TLS)" : ""}`;
}

function describeCertificate({ fault, names }: Judgement): readonly string[] {
  const named = names.length === 0 ? "no names" : names.join(", ");
  if (fault === undefined) return [`certificate  proves the domain (${named})`];
  return [`certificate  does not prove the domain: ${fault} (${named})`, `             ${CERTIFICATE_ADVICE[fault]}`];
}

function describeFeatures(features: PeerFeatures, encrypted: boolean): string {
  const names = Object.entries(features).flatMap(([name, there]) => (there ? [name] : []));
  return `${encrypted ? "over TLS" : "without TLS"}: ${names.length === 0 ? "none" : names.join(", ")}`;
}

function describeAmp(features: readonly string[] | undefined): string {
  if (features === undefined) return "not known: it answers with an error";
  return features.includes(NS.AMP) ? "yes (XEP-0079)" : "no: rules of messages to it cannot be carried out there";
}
