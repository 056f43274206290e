/** The SCRAM keys that are stored for a password, each hash with a salt of its own. RFC 5802 section 3. @module */
import { Buffer } from "node:buffer";
import { createHash, createHmac, pbkdf2, randomBytes, timingSafeEqual } from "node:crypto";
import { promisify } from "node:util";
import { saslprep } from "@mongodb-js/saslprep";
import { isStreamSafe } from "./stream_safe.ts";

/** Salt and keys in base64. */
export interface ScramKeys {
  readonly salt: string;
  readonly iterations: number;
  readonly storedKey: string;
  readonly serverKey: string;
  /** See passwordId(); left out: these are the first keys of their password. */
  readonly passwordId?: string;
}

/** The keys of one password, by hash. */
type KeysByHash = Readonly<Record<string, ScramKeys>>;

export type ScramHash = "SHA-512" | "SHA-256" | "SHA-1";

/** Strongest first. */
export const SCRAM_HASHES: readonly ScramHash[] = ["SHA-512", "SHA-256", "SHA-1"];
/**
 * Ordered by the cost of PBKDF2: SHA-512 takes four times as long as the others. An account has keys for all hashes and
 * is as safe as the weakest of them, so any of them may check a password.
 */
const QUICKEST_FIRST: readonly ScramHash[] = ["SHA-256", "SHA-1", "SHA-512"];
/** RFC 7677 section 4: the minimum. */
export const MIN_SCRAM_ROUNDS = 4096;
export const DEFAULT_SCRAM_ROUNDS = 10_000;
export const SCRAM_SALT_BYTES = 16;

/** Of UTF-8, before SASLprep. */
export const MAX_PASSWORD_BYTES = 1023;

const NODE_NAMES: Readonly<Record<ScramHash, string>> = { "SHA-512": "sha512", "SHA-256": "sha256", "SHA-1": "sha1" };
const LENGTHS: Readonly<Record<ScramHash, number>> = { "SHA-512": 64, "SHA-256": 32, "SHA-1": 20 };

const stretch = promisify(pbkdf2);

/** A password that SASLprep (RFC 4013) refuses, that is empty, or too long. */
export class PasswordError extends Error {
  override readonly name = "PasswordError";
}

/**
 * Derives the keys to store for a password. Use fewer rounds only for a password that protects nothing. Throws
 * PasswordError.
 */
export async function deriveCredentials(password: string, rounds = DEFAULT_SCRAM_ROUNDS): Promise<KeysByHash> {
  const prepared = preparePassword(password);
  const credentials: Record<string, ScramKeys> = {};
  // One after the other, since each occupies a core.
  for (const hash of SCRAM_HASHES) {
    credentials[hash] = await deriveKeys(hash, prepared, randomBytes(SCRAM_SALT_BYTES), rounds);
  }
  return credentials;
}

/** Whether these keys were made from that password. */
export async function checkPassword(password: string, credentials: KeysByHash): Promise<boolean> {
  const hash = QUICKEST_FIRST.find((candidate) => credentials[candidate] !== undefined);
  const kept = hash && credentials[hash];
  if (hash === undefined || kept === undefined) return false;
  let prepared: string;
  try {
    prepared = preparePassword(password);
  } catch (error) {
    if (error instanceof PasswordError) return false;
    throw error;
  }
  const keys = await deriveKeys(hash, prepared, Buffer.from(kept.salt, "base64"), kept.iterations);
  return timingSafeEqual(scramHash(hash, keys.storedKey), scramHash(hash, kept.storedKey));
}

/** Whether some of the keys were made with fewer rounds. */
export function hasFewerRounds(credentials: KeysByHash, rounds: number): boolean {
  return Object.values(credentials).some(({ iterations }) => iterations < rounds);
}

/**
 * Identifies one setting of the password and reveals nothing about it. It stays when keys are renewed with more rounds,
 * and changes when a password is set, even to the same one.
 */
export function passwordId(credentials: KeysByHash): string {
  const kept = Object.values(credentials).find((keys) => keys.passwordId !== undefined)?.passwordId;
  if (kept !== undefined) return kept;
  const keys = Object.entries(credentials).map(([hash, { storedKey }]) => `${hash} ${storedKey}`);
  return createHash("sha256").update(keys.toSorted().join("\n")).digest("base64url");
}

/** New keys that count as the same password. */
export function withPasswordId(credentials: KeysByHash, id: string): KeysByHash {
  return Object.fromEntries(Object.entries(credentials).map(([hash, keys]) => [hash, { ...keys, passwordId: id }]));
}

/** H() of RFC 5802 section 2.2. */
export function scramHash(hash: ScramHash, data: Uint8Array | string): Buffer {
  return createHash(NODE_NAMES[hash]).update(data).digest();
}

/** HMAC() of RFC 5802 section 2.2. */
export function scramHmac(hash: ScramHash, key: Uint8Array, data: Uint8Array | string): Buffer {
  return createHmac(NODE_NAMES[hash], key).update(data).digest();
}

/** `prepared`: a password that has passed SASLprep. */
async function deriveKeys(hash: ScramHash, prepared: string, salt: Buffer, iterations: number): Promise<ScramKeys> {
  const salted = await stretch(prepared, salt, iterations, LENGTHS[hash], NODE_NAMES[hash]);
  const clientKey = scramHmac(hash, salted, "Client Key");
  return {
    salt: salt.toString("base64"),
    iterations,
    storedKey: scramHash(hash, clientKey).toString("base64"),
    serverKey: scramHmac(hash, salted, "Server Key").toString("base64"),
  };
}

/** RFC 5802 section 2.2: Normalize(). */
function preparePassword(password: string): string {
  if (password.length > MAX_PASSWORD_BYTES || Buffer.byteLength(password) > MAX_PASSWORD_BYTES) {
    throw new PasswordError(`Cannot use password: longer than ${MAX_PASSWORD_BYTES} bytes`);
  }
  if (!isStreamSafe(password)) throw new PasswordError("Cannot use password: more than 30 combining marks in a row");
  let prepared: string;
  try {
    prepared = saslprep(password);
  } catch (error) {
    throw new PasswordError("Cannot use password: SASLprep refuses a character", { cause: error });
  }
  if (prepared === "") throw new PasswordError("Cannot use password: it is empty");
  return prepared;
}
