/** What a certificate's extensions say, read from its DER: node:crypto hides otherName, and critical marks. RFC 5280. @module */
import { type DerElement, readDer, readObjectIdentifier, readWithin, TAG } from "./der.ts";

export interface CertificateExtensions {
  /** subjectAltName: dNSName. */
  readonly dnsNames: readonly string[];
  /** subjectAltName: SRVName (RFC 4985), such as `_xmpp-server.example.org`. */
  readonly srvNames: readonly string[];
  /** subjectAltName: XmppAddr (RFC 6120 section 13.7.1.4). */
  readonly xmppAddresses: readonly string[];
  /** keyUsage has keyCertSign; undefined without keyUsage. */
  readonly maySign: boolean | undefined;
  /** Object identifiers of extKeyUsage; undefined: not limited. */
  readonly purposes: readonly string[] | undefined;
  /** Certificates that may stand between this one and the last; undefined: not limited. */
  readonly pathLength: number | undefined;
  /** Extensions that are critical and not understood here: such a certificate must be refused. */
  readonly unknownCritical: readonly string[];
}

const SUBJECT_ALT_NAME = "2.5.29.17";
const KEY_USAGE = "2.5.29.15";
const BASIC_CONSTRAINTS = "2.5.29.19";
const EXT_KEY_USAGE = "2.5.29.37";
/** Nothing is done with these, which is what they allow. */
const HARMLESS = ["2.5.29.14", "2.5.29.32", "2.5.29.35"];
/** Also where it is not critical: names that it forbids must not be believed. */
const NAME_CONSTRAINTS = "2.5.29.30";

const SRV_NAME = "1.3.6.1.5.5.7.8.7";
const XMPP_ADDR = "1.3.6.1.5.5.7.8.5";
/** Context tags of GeneralName and of tbsCertificate. */
const OTHER_NAME = 0xa0;
const DNS_NAME = 0x82;
const EXPLICIT = 0xa0;
const EXTENSIONS = 0xa3;
const KEY_CERT_SIGN = 0x04;

interface Extension {
  readonly id: string;
  readonly critical: boolean;
  readonly value: Uint8Array;
}

/** Of a certificate in DER. Throws DerError. */
export function readExtensions(certificate: Uint8Array): CertificateExtensions {
  const extensions = extensionsOf(certificate);
  const value = (id: string) => extensions.find((extension) => extension.id === id)?.value;
  const known = [SUBJECT_ALT_NAME, KEY_USAGE, BASIC_CONSTRAINTS, EXT_KEY_USAGE, ...HARMLESS];
  return {
    ...alternativeNames(value(SUBJECT_ALT_NAME)),
    maySign: keyUsage(value(KEY_USAGE)),
    purposes: purposes(value(EXT_KEY_USAGE)),
    pathLength: pathLength(value(BASIC_CONSTRAINTS)),
    unknownCritical: extensions
      .filter(({ id, critical }) => id === NAME_CONSTRAINTS || (critical && !known.includes(id)))
      .map(({ id }) => id),
  };
}

function extensionsOf(certificate: Uint8Array): Extension[] {
  const [tbs] = readWithin(readDer(certificate)[0], TAG.sequence);
  const list = readWithin(tbs, TAG.sequence).find(({ tag }) => tag === EXTENSIONS);
  if (list === undefined) return [];
  return readWithin(readDer(list.content)[0], TAG.sequence).map(readExtension);
}

function readExtension(element: DerElement): Extension {
  const parts = readWithin(element, TAG.sequence);
  const critical = parts.find(({ tag }) => tag === TAG.boolean);
  const value = parts.find(({ tag }) => tag === TAG.octetString);
  return {
    id: readObjectIdentifier(parts[0] ?? element),
    critical: critical !== undefined && critical.content[0] !== 0,
    value: value?.content ?? new Uint8Array(),
  };
}

function alternativeNames(value: Uint8Array | undefined) {
  const dnsNames: string[] = [];
  const srvNames: string[] = [];
  const xmppAddresses: string[] = [];
  for (const name of value === undefined ? [] : readWithin(readDer(value)[0], TAG.sequence)) {
    if (name.tag === DNS_NAME) dnsNames.push(textOf(name.content));
    if (name.tag !== OTHER_NAME) continue;
    const [type, wrapped] = readDer(name.content);
    const id = type === undefined ? "" : readObjectIdentifier(type);
    const text = wrapped?.tag === EXPLICIT ? readDer(wrapped.content)[0] : undefined;
    if (id === SRV_NAME && text?.tag === TAG.ia5String) srvNames.push(textOf(text.content));
    if (id === XMPP_ADDR && text?.tag === TAG.utf8String) xmppAddresses.push(textOf(text.content));
  }
  return { dnsNames, srvNames, xmppAddresses };
}

function keyUsage(value: Uint8Array | undefined): boolean | undefined {
  if (value === undefined) return undefined;
  const bits = readDer(value)[0];
  // The first byte of a BIT STRING counts its unused bits.
  return bits?.tag === TAG.bitString && ((bits.content[1] ?? 0) & KEY_CERT_SIGN) !== 0;
}

function purposes(value: Uint8Array | undefined): string[] | undefined {
  return value === undefined ? undefined : readWithin(readDer(value)[0], TAG.sequence).map(readObjectIdentifier);
}

function pathLength(value: Uint8Array | undefined): number | undefined {
  const limit = value === undefined ? undefined : readWithin(readDer(value)[0], TAG.sequence)[1];
  return limit === undefined ? undefined : limit.content.reduce((sum, byte) => sum * 256 + byte, 0);
}

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("utf8");
}
