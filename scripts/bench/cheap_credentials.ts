/** SCRAM keys (RFC 5802) with one round of PBKDF2: for tests alone, where logins should cost what they cost without it. @module */
import { pbkdf2Sync, randomBytes } from "node:crypto";
import type { Credentials } from "../../store/store.ts";
import { scramHash, scramHmac } from "../../xmpp/scram_keys.ts";

const ITERATIONS = 1;

export function cheapCredentials(password: string): Credentials {
  const salt = randomBytes(16);
  const salted = pbkdf2Sync(password, salt, ITERATIONS, 32, "sha256");
  const storedKey = scramHash("SHA-256", scramHmac("SHA-256", salted, "Client Key")).toString("base64");
  const serverKey = scramHmac("SHA-256", salted, "Server Key").toString("base64");
  return { "SHA-256": { salt: salt.toString("base64"), iterations: ITERATIONS, storedKey, serverKey } };
}
