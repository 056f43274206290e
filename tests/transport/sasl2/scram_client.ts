import { createHash, createHmac, pbkdf2Sync } from "node:crypto";

/** The last message of a client of SCRAM-SHA-256 with that password, and what the server then has to say: RFC 5802 section 3. */
export function scramFinal(
  first: string,
  challenge: string,
  header = "n,,",
  binding: Uint8Array = new Uint8Array(),
  password = "pencil",
): { readonly final: string; readonly signature: string } {
  const [, nonce, salt, iterations] = /^r=([^,]+),s=([^,]+),i=(\d+)(?:,h=[^,]+)?$/.exec(challenge)!;
  const salted = pbkdf2Sync(password, Buffer.from(salt!, "base64"), Number(iterations), 32, "sha256");
  const hmac = (key: Uint8Array, text: string) => createHmac("sha256", key).update(text).digest();
  const clientKey = hmac(salted, "Client Key");
  const bound = Buffer.concat([Buffer.from(header), binding]).toString("base64");
  const withoutProof = `c=${bound},r=${nonce}`;
  const message = `${first},${challenge},${withoutProof}`;
  const signed = hmac(createHash("sha256").update(clientKey).digest(), message);
  const proof = clientKey.map((byte, i) => byte ^ signed[i]!);
  const signature = hmac(hmac(salted, "Server Key"), message).toString("base64");
  return { final: `${withoutProof},p=${Buffer.from(proof).toString("base64")}`, signature };
}
