/** The client's side of SCRAM-SHA-256: RFC 5802 section 5, without channel binding. @module */
import { pbkdf2Sync, randomBytes } from "node:crypto";
import { scramHash, scramHmac } from "../../../xmpp/scram_keys.ts";

const HASH = "SHA-256";
const KEY_BYTES = 32;
/** "n,,": no channel binding is asked for. */
const HEADER = "n,,";

export class ScramClient {
  readonly #password: string;
  readonly #bare: string;

  /** `user` holds neither "," nor "=". */
  constructor(user: string, password: string) {
    this.#password = password;
    this.#bare = `n=${user},r=${randomBytes(12).toString("base64")}`;
  }

  get first(): string {
    return base64(HEADER + this.#bare);
  }

  /** Waits for the rounds of PBKDF2. */
  answer(challenge: string): string {
    const serverFirst = Buffer.from(challenge, "base64").toString();
    const [nonce = "", salt = "", rounds = ""] = serverFirst.split(",").map((field) => field.slice(2));
    const salted = pbkdf2Sync(this.#password, Buffer.from(salt, "base64"), Number(rounds), KEY_BYTES, "sha256");
    const clientKey = scramHmac(HASH, salted, "Client Key");
    const withoutProof = `c=${base64(HEADER)},r=${nonce}`;
    const signed = `${this.#bare},${serverFirst},${withoutProof}`;
    const signature = scramHmac(HASH, scramHash(HASH, clientKey), signed);
    const proof = Buffer.from(clientKey.map((byte, at) => byte ^ signature[at]!));
    return base64(`${withoutProof},p=${proof.toString("base64")}`);
  }
}

function base64(text: string): string {
  return Buffer.from(text).toString("base64");
}
