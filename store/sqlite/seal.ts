/**
 * What would let a reader of the database log in as somebody, keys of passwords and tokens, is sealed under a key that lies in
 * a file of its own: AES-256-GCM, bound to the account and the place.
 * @module
 */
import { Buffer } from "node:buffer";
import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { StoreFault } from "../store.ts";
import type { Connection } from "./connection.ts";
import type { Meta } from "./meta.ts";

const CIPHER = "aes-256-gcm";
const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
/** No JSON begins so. */
const MARK = "sealed:";
/** The kinds of documents that are sealed: tokens (transport/sasl2/fast_tokens.ts). */
const SEALED_KINDS: ReadonlySet<string> = new Set(["fast"]);
const CHECK = "sealCheck";

export class Seal {
  readonly #key: Uint8Array | undefined;

  /** Undefined: nothing is sealed. */
  constructor(key: Uint8Array | undefined) {
    this.#key = key;
  }

  credentials(account: string): Sealed {
    return new Sealed(this.#key, `credentials\0${account}`);
  }

  document(owner: string, kind: string, key: string): Sealed {
    return new Sealed(SEALED_KINDS.has(kind) ? this.#key : undefined, `document\0${owner}\0${kind}\0${key}`);
  }

  check(): Sealed {
    return new Sealed(this.#key, CHECK);
  }
}

/** One place in the database, and what may stand there. */
class Sealed {
  readonly #key: Uint8Array | undefined;
  readonly #place: Buffer;

  constructor(key: Uint8Array | undefined, place: string) {
    this.#key = key;
    this.#place = Buffer.from(place);
  }

  close(text: string): string {
    if (this.#key === undefined) return text;
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv(CIPHER, this.#key, nonce).setAAD(this.#place);
    const sealed = Buffer.concat([cipher.update(text, "utf8"), cipher.final()]);
    return MARK + Buffer.concat([nonce, cipher.getAuthTag(), sealed]).toString("base64");
  }

  /** Text from before there was a key is as it is. Throws where it was sealed with another key or for another place. */
  open(text: string): string {
    if (this.#key === undefined || !text.startsWith(MARK)) return text;
    const bytes = Buffer.from(text.slice(MARK.length), "base64");
    const decipher = createDecipheriv(CIPHER, this.#key, bytes.subarray(0, NONCE_BYTES)).setAAD(this.#place);
    decipher.setAuthTag(bytes.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES));
    return decipher.update(bytes.subarray(NONCE_BYTES + TAG_BYTES), undefined, "utf8") + decipher.final("utf8");
  }
}

/**
 * Reads the key, or makes one for a database that has none yet, and then seals what is there. Throws StoreFault where the key is
 * missing or another one.
 */
export function openSeal(connection: Connection, meta: Meta, path: string, keyFile: string | undefined): Seal {
  const check = meta.get(CHECK);
  if (keyFile === undefined) {
    if (check === undefined) return new Seal(undefined);
    throw keyFault(path, "its secrets are sealed, and no key file is given");
  }
  const seal = new Seal(readKey(path, keyFile, check === undefined));
  if (check === undefined) sealAll(connection, meta, seal);
  else if (!opens(seal, check)) throw keyFault(path, `the key in ${keyFile} is not the one of this database`);
  return seal;
}

function readKey(path: string, keyFile: string, isNew: boolean): Uint8Array {
  try {
    const key = Buffer.from(readFileSync(keyFile, "utf8"), "base64");
    if (key.length === KEY_BYTES) return key;
  } catch (error) {
    const isMissing = (error as NodeJS.ErrnoException).code === "ENOENT";
    if (isMissing && isNew) return makeKey(path, keyFile);
    const state = isMissing ? `its key file ${keyFile} is missing` : `its key file ${keyFile} cannot be read`;
    throw keyFault(path, state, error);
  }
  throw keyFault(path, `its key file ${keyFile} holds no key`);
}

function makeKey(path: string, keyFile: string): Uint8Array {
  const key = randomBytes(KEY_BYTES);
  try {
    writeFileSync(keyFile, `${key.toString("base64")}\n`, { mode: 0o600, flag: "wx", flush: true });
  } catch (error) {
    throw keyFault(path, `its key file ${keyFile} cannot be written`, error);
  }
  return key;
}

function opens(seal: Seal, check: string): boolean {
  try {
    return seal.check().open(check) === CHECK;
  } catch {
    // GCM's tag tells, and nothing else can be wrong with it.
    return false;
  }
}

/** A database from before. Its caller has secure_delete on. */
function sealAll(connection: Connection, meta: Meta, seal: Seal): void {
  connection.execute("begin immediate");
  try {
    for (const row of connection.all("select jid, credentials from account join owner on owner.id = account.id", [])) {
      const sealed = seal.credentials(String(row.jid)).close(String(row.credentials));
      connection
        .prepare("update account set credentials = ? where id = (select id from owner where jid = ?)")
        .run(sealed, String(row.jid));
    }
    sealDocuments(connection, seal);
    meta.put(CHECK, seal.check().close(CHECK));
    connection.execute("commit");
  } catch (error) {
    connection.execute("rollback");
    throw error;
  }
}

function sealDocuments(connection: Connection, seal: Seal): void {
  const from = "document join owner on owner.id = document.owner_id";
  for (const kind of SEALED_KINDS) {
    for (const row of connection.all(`select jid, owner_id, key, text from ${from} where document.kind = ?`, [kind])) {
      const text = String(row.text);
      const sealed = seal.document(String(row.jid), kind, String(row.key)).close(text);
      connection
        .prepare("update document set text = ? where owner_id = ? and kind = ? and key = ?")
        .run(sealed, Number(row.owner_id), kind, String(row.key));
      connection
        .prepare("update usage set kept = kept + ? where owner_id = ?")
        .run(Buffer.byteLength(sealed) - Buffer.byteLength(text), Number(row.owner_id));
    }
  }
}

function keyFault(path: string, state: string, cause?: unknown): StoreFault {
  const advice = "the accounts' secrets are sealed with it: check store.key_file, or restore the file from a backup";
  return new StoreFault("failed", `Cannot open the store ${path}: ${state} (${advice})`, { cause });
}
