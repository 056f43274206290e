/** The certificate of the TLS listeners: the administrator's, or a self-signed one made at first start. @module */
import { createPrivateKey, X509Certificate } from "node:crypto";
import { chmod, mkdir, readFile, writeFile } from "node:fs/promises";
import { isIP } from "node:net";
import { join } from "node:path";
import { domainToASCII } from "node:url";

export interface CertificateOptions {
  /** PEM files of the administrator; both or neither. */
  readonly certFile?: string | undefined;
  readonly keyFile?: string | undefined;
  /** Folder that keeps the self-signed certificate. */
  readonly dataDir: string;
  readonly domains: readonly string[];
  /** Milliseconds since 1970. */
  readonly now?: number;
}

export interface Certificate {
  /** PEM, the chain. */
  readonly cert: string;
  /** PEM, PKCS #8. */
  readonly key: string;
  readonly selfSigned: boolean;
}

/** A certificate that cannot be read, or a key that does not belong to it. */
export class CertificateError extends Error {}

const DAY = 86_400_000;
/** Longest validity that Apple's clients accept. */
const VALID_DAYS = 825;
const RENEW_DAYS = 30;
const CERT_FILE = "selfsigned-cert.pem";
/** File mode of the generated key in `dataDir`. */
export const SELF_SIGNED_KEY = "selfsigned-key.pem";

/**
 * The administrator's certificate when files are named, else the stored self-signed one, which is made anew before it
 * expires or when it lacks a domain.
 */
export async function ensureCertificate(options: CertificateOptions): Promise<Certificate> {
  const { certFile, keyFile, dataDir, domains, now = Date.now() } = options;
  if (certFile !== undefined && keyFile !== undefined) return readGiven(certFile, keyFile);
  const certPath = join(dataDir, CERT_FILE);
  const keyPath = join(dataDir, SELF_SIGNED_KEY);
  const kept = await readKept(certPath, keyPath);
  if (kept !== undefined && serves(kept, domains, now)) return kept;
  const made = await makeSelfSigned(domains, now);
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  await writePrivately(keyPath, made.key);
  await writePrivately(certPath, made.cert);
  return made;
}

async function readGiven(certFile: string, keyFile: string): Promise<Certificate> {
  const given = { cert: await readNamed("certificate", certFile), key: await readNamed("key", keyFile) };
  if (!isPair(given)) {
    throw new CertificateError(`Cannot use certificate ${certFile}: ${keyFile} does not hold its private key`);
  }
  return { ...given, selfSigned: false };
}

async function readNamed(what: string, path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    throw new CertificateError(`Cannot read ${what} ${path}: ${(error as Error).message}`, { cause: error });
  }
}

async function readKept(certPath: string, keyPath: string): Promise<Certificate | undefined> {
  try {
    return { cert: await readFile(certPath, "utf8"), key: await readFile(keyPath, "utf8"), selfSigned: true };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

function serves(kept: Certificate, domains: readonly string[], now: number): boolean {
  if (!isPair(kept)) return false;
  const { subjectAltName = "", validTo } = new X509Certificate(kept.cert);
  const names = subjectAltName.split(", ");
  return Date.parse(validTo) - now > RENEW_DAYS * DAY && domains.every((domain) => names.includes(shownName(domain)));
}

/** False also for text that is no certificate or no key. */
function isPair({ cert, key }: { readonly cert: string; readonly key: string }): boolean {
  try {
    return new X509Certificate(cert).checkPrivateKey(createPrivateKey(key));
  } catch {
    return false;
  }
}

async function makeSelfSigned(domains: readonly string[], now: number): Promise<Certificate> {
  // Loaded on demand: it is needed once in two years.
  const { generate } = await import("selfsigned");
  const { cert, private: key } = await generate([{ name: "commonName", value: hostName(domains[0] ?? "localhost") }], {
    keyType: "ec",
    curve: "P-256",
    algorithm: "sha256",
    notBeforeDate: new Date(now - DAY),
    notAfterDate: new Date(now + (VALID_DAYS - 1) * DAY),
    extensions: [
      { name: "basicConstraints", cA: false },
      { name: "keyUsage", digitalSignature: true },
      { name: "extKeyUsage", serverAuth: true },
      { name: "subjectAltName", altNames: domains.map(alternativeName) },
    ],
  });
  return { cert, key, selfSigned: true };
}

function alternativeName(domain: string): { type: 2; value: string } | { type: 7; ip: string } {
  const name = hostName(domain);
  return isIP(name) === 0 ? { type: 2, value: name } : { type: 7, ip: name };
}

/** In the form in which X509Certificate shows the alternative name. */
function shownName(domain: string): string {
  const name = hostName(domain);
  return isIP(name) === 0 ? `DNS:${name}` : `IP Address:${name}`;
}

/** A certificate names a domain in its ASCII form, an IPv6 address without brackets. */
export function hostName(domain: string): string {
  const address = domain.replace(/^\[|\]$/g, "");
  return isIP(address) === 0 ? domainToASCII(domain) : address;
}

async function writePrivately(path: string, text: string): Promise<void> {
  await writeFile(path, text, { mode: 0o600 });
  // The mode above applies to new files only.
  await chmod(path, 0o600);
}
