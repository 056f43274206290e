/**
 * Whether a peer's certificate is trusted, and for the domain: RFC 5280 section 6, RFC 6125. Judged here, because Bun and Deno judge differently, and
 * both refuse a client whose certificate is for servers only, as public authorities issue them.
 * @module
 */
import type { X509Certificate } from "node:crypto";
import { DerError } from "./der.ts";
import { type CertificateExtensions, readExtensions } from "./extensions.ts";
import { namesDomain } from "./names_domain.ts";
import type { TrustedRoots } from "./trusted_roots.ts";

/** Why a certificate does not prove that the peer is the domain. */
export type CertificateFault =
  | "none"
  | "expired"
  | "not-yet-valid"
  | "self-signed"
  | "unknown-authority"
  | "weak"
  | "not-for-servers"
  | "another-name"
  | "unreadable";

export interface Judgement {
  /** Undefined: it proves the domain. */
  readonly fault: CertificateFault | undefined;
  /** The names that the certificate has, for reports. */
  readonly names: readonly string[];
}

const SERVER_AUTH = "1.3.6.1.5.5.7.3.1";
const CLIENT_AUTH = "1.3.6.1.5.5.7.3.2";
const ANY_PURPOSE = "2.5.29.37.0";
/** Longest chain, the peer's own certificate included. */
const MAX_CHAIN = 8;
/** A peer may send many certificates of one subject. */
const MAX_SIGNATURES = 24;
const MIN_RSA_BITS = 2048;

/** A certificate of the peer with what was read from it. */
interface Link {
  readonly certificate: X509Certificate;
  readonly extensions: CertificateExtensions;
}

/** What a chain is worth, whatever domain it is shown for; judging it costs signatures, so it is done once a connection. */
export interface JudgedChain {
  readonly fault: CertificateFault | undefined;
  /** Of the peer's own certificate. */
  readonly extensions: CertificateExtensions | undefined;
}

/** `chain`: the peer's certificates, its own first. `now`: milliseconds since 1970. */
export function judgeChain(chain: readonly X509Certificate[], roots: TrustedRoots, now: number): JudgedChain {
  if (chain.length === 0) return { fault: "none", extensions: undefined };
  try {
    const links = chain.slice(0, MAX_CHAIN).map((certificate) => ({ certificate, extensions: readLink(certificate) }));
    const [own, ...others] = links as [Link, ...Link[]];
    return { fault: new ChainJudge(others, roots, now).judge(own), extensions: own.extensions };
  } catch (error) {
    if (error instanceof DerError) return { fault: "unreadable", extensions: undefined };
    throw error;
  }
}

/** Whether a judged chain proves that domain. */
export function judgeDomain({ fault, extensions }: JudgedChain, domain: string): Judgement {
  if (extensions === undefined) return { fault, names: [] };
  const { dnsNames, srvNames, xmppAddresses } = extensions;
  const nameFault = namesDomain(extensions, domain) ? undefined : "another-name";
  return { fault: fault ?? nameFault, names: [...dnsNames, ...srvNames, ...xmppAddresses] };
}

function readLink(certificate: X509Certificate): CertificateExtensions {
  return readExtensions(certificate.raw);
}

class ChainJudge {
  readonly #others: readonly Link[];
  readonly #roots: TrustedRoots;
  readonly #now: number;
  #signatures = 0;
  /** The best explanation when no way leads to a root. */
  #fault: CertificateFault | undefined;

  constructor(others: readonly Link[], roots: TrustedRoots, now: number) {
    this.#others = others;
    this.#roots = roots;
    this.#now = now;
  }

  judge(own: Link): CertificateFault | undefined {
    const fault = this.#dateFault(own.certificate) ?? ownFault(own);
    if (fault !== undefined) return fault;
    if (this.#leadsToRoot(own, [], 0)) return undefined;
    if (this.#fault !== undefined) return this.#fault;
    return own.certificate.subject === own.certificate.issuer ? "self-signed" : "unknown-authority";
  }

  /** `below`: certificates between this one and the peer's own. */
  #leadsToRoot(link: Link, used: readonly Link[], below: number): boolean {
    const { certificate } = link;
    if (this.#roots.has(certificate)) return true;
    for (const root of this.#roots.withSubject(certificate.issuer)) {
      if (root.ca && this.#dateFault(root) === undefined && this.#isSignedBy(certificate, root)) return true;
    }
    if (below >= MAX_CHAIN) return false;
    const issuers = this.#others.filter((other) => !used.includes(other) && this.#mayIssue(other, link, below));
    return issuers.some((issuer) => this.#leadsToRoot(issuer, [...used, issuer], below + 1));
  }

  #mayIssue(issuer: Link, link: Link, below: number): boolean {
    const { certificate, extensions } = issuer;
    if (certificate.subject !== link.certificate.issuer || certificate === link.certificate) return false;
    if (!certificate.ca || extensions.maySign === false || extensions.unknownCritical.length > 0) return false;
    if (extensions.pathLength !== undefined && below > extensions.pathLength) return false;
    if (!isForTls(extensions) || isWeak(certificate)) return false;
    const dates = this.#dateFault(certificate);
    if (dates !== undefined) this.#fault = dates;
    return dates === undefined && this.#isSignedBy(link.certificate, certificate);
  }

  #isSignedBy(certificate: X509Certificate, issuer: X509Certificate): boolean {
    if (++this.#signatures > MAX_SIGNATURES) return false;
    try {
      return certificate.verify(issuer.publicKey);
    } catch {
      // A key of a kind that the runtime does not know signs nothing.
      return false;
    }
  }

  #dateFault({ validFrom, validTo }: X509Certificate): CertificateFault | undefined {
    if (!(Date.parse(validTo) > this.#now)) return "expired";
    return Date.parse(validFrom) > this.#now ? "not-yet-valid" : undefined;
  }
}

function ownFault({ certificate, extensions }: Link): CertificateFault | undefined {
  if (isWeak(certificate)) return "weak";
  if (extensions.unknownCritical.length > 0) return "unreadable";
  return isForTls(extensions) ? undefined : "not-for-servers";
}

/** serverAuth suffices for a client too: a server is one and the same in both directions. */
function isForTls({ purposes }: CertificateExtensions): boolean {
  return (
    purposes === undefined || [SERVER_AUTH, CLIENT_AUTH, ANY_PURPOSE].some((purpose) => purposes.includes(purpose))
  );
}

function isWeak({ publicKey }: X509Certificate): boolean {
  const { asymmetricKeyType: type, asymmetricKeyDetails: details } = publicKey;
  if (type === "rsa") return (details?.modulusLength ?? 0) < MIN_RSA_BITS;
  return type === "ec" && /(?:160|192|224)/.test(details?.namedCurve ?? "");
}
