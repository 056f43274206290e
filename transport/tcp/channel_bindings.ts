/**
 * Channel bindings of a TLS connection for SASL: tls-exporter (RFC 9266; Bun's node:tls has it, Deno's does not) and
 * tls-server-end-point (RFC 5929 section 4). TLS 1.3 has no tls-unique.
 * @module
 */
import { createHash, X509Certificate } from "node:crypto";
import type { TLSSocket } from "node:tls";
import type { ChannelBindings } from "../sasl/sasl_mechanism.ts";

const EXPORTER_LABEL = "EXPORTER-Channel-Binding";
const EXPORTER_BYTES = 32;

/** The hash for a certificate's signature: RFC 5929 section 4.1 replaces weak ones by SHA-256. */
const SIGNATURE_HASHES: Readonly<Record<string, string>> = {
  "1.2.840.113549.1.1.4": "sha256",
  "1.2.840.113549.1.1.5": "sha256",
  "1.2.840.113549.1.1.11": "sha256",
  "1.2.840.113549.1.1.12": "sha384",
  "1.2.840.113549.1.1.13": "sha512",
  "1.2.840.10045.4.1": "sha256",
  "1.2.840.10045.4.3.2": "sha256",
  "1.2.840.10045.4.3.3": "sha384",
  "1.2.840.10045.4.3.4": "sha512",
};

/** Of a connection whose handshake is over; strongest first. `endPoint` is that of the certificate it was made with. */
export function channelBindings(socket: TLSSocket, endPoint: Uint8Array | undefined): ChannelBindings {
  const bindings = new Map<string, Uint8Array>();
  const exporter = exportBinding(socket);
  if (exporter !== undefined) bindings.set("tls-exporter", exporter);
  if (endPoint !== undefined) bindings.set("tls-server-end-point", endPoint);
  return bindings;
}

function exportBinding(socket: TLSSocket): Uint8Array | undefined {
  if (typeof socket.exportKeyingMaterial !== "function") return undefined;
  // RFC 9266 section 4.2: before TLS 1.3 this needs the extended master secret, which node:tls does not report.
  if (socket.getProtocol() !== "TLSv1.3") return undefined;
  return socket.exportKeyingMaterial(EXPORTER_BYTES, EXPORTER_LABEL, Buffer.alloc(0));
}

/** tls-server-end-point of a chain in PEM; undefined when its signature has no hash (RFC 5929 section 4.1). */
export function endPointBinding(cert: string): Uint8Array | undefined {
  const { raw } = new X509Certificate(cert);
  const hash = SIGNATURE_HASHES[signatureAlgorithm(raw)];
  return hash === undefined ? undefined : createHash(hash).update(raw).digest();
}

/** RFC 5280 section 4.1: SEQUENCE { tbsCertificate, SEQUENCE { the algorithm's OBJECT IDENTIFIER, ... }, ... }. */
function signatureAlgorithm(der: Uint8Array): string {
  const tbs = readHeader(der, readHeader(der, 0).start);
  const algorithm = readHeader(der, tbs.end);
  const { start, end } = readHeader(der, algorithm.start);
  return readObjectIdentifier(der.subarray(start, end));
}

/** Where the content of the DER element at `offset` starts and ends. */
function readHeader(der: Uint8Array, offset: number): { readonly start: number; readonly end: number } {
  const first = der[offset + 1]!;
  if (first < 0x80) return { start: offset + 2, end: offset + 2 + first };
  const start = offset + 2 + (first & 0x7f);
  let length = 0;
  for (const byte of der.subarray(offset + 2, start)) length = length * 256 + byte;
  return { start, end: start + length };
}

function readObjectIdentifier(bytes: Uint8Array): string {
  const arcs: number[] = [];
  let arc = 0;
  for (const byte of bytes) {
    arc = arc * 128 + (byte & 0x7f);
    if (byte >= 0x80) continue;
    if (arcs.length === 0) arcs.push(Math.min(2, Math.floor(arc / 40)), arc - 40 * Math.min(2, Math.floor(arc / 40)));
    else arcs.push(arc);
    arc = 0;
  }
  return arcs.join(".");
}
