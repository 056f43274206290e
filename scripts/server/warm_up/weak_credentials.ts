import { pbkdf2Sync, randomBytes } from "node:crypto";
import type { Credentials } from "../../../store/store.ts";
import { SCRAM_SALT_BYTES, scramHash, scramHmac } from "../../../xmpp/scram_keys.ts";

const KEY_BYTES = 32;

/** Keys that cost nothing to check, and protect nothing: for accounts that live as long as this process's warm-up. RFC 5802 section 3. */
export function weakCredentials(password: string): Credentials {
  const salt = randomBytes(SCRAM_SALT_BYTES);
  const salted = pbkdf2Sync(password, salt, 1, KEY_BYTES, "sha256");
  const storedKey = scramHash("SHA-256", scramHmac("SHA-256", salted, "Client Key")).toString("base64");
  const serverKey = scramHmac("SHA-256", salted, "Server Key").toString("base64");
  return { "SHA-256": { salt: salt.toString("base64"), iterations: 1, storedKey, serverKey } };
}
