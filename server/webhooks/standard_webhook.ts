/** What Standard Webhooks (version 1) asks of a request: an id, a time, and a signature over both and the body. @module */
import { Buffer } from "node:buffer";
import { createHmac } from "node:crypto";

/** The rest of such a secret is the key in base64. */
const PREFIX = "whsec_";
const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/;
const MIN_BYTES = 16;

export interface SignedContent {
  /** The same at every attempt: by it the receiver knows what it has had already. */
  readonly id: string;
  /** Milliseconds since 1970, of this attempt. */
  readonly at: number;
  readonly body: string;
}

/** 16 bytes or more: `whsec_` and base64, or any other text, whose bytes are the key. */
export function isSecret(text: string): boolean {
  if (text.startsWith(PREFIX) && !BASE64.test(text.slice(PREFIX.length))) return false;
  return keyOf(text).length >= MIN_BYTES;
}

export function standardHeaders({ id, at, body }: SignedContent, secret: string): Record<string, string> {
  const timestamp = String(Math.floor(at / 1000));
  const signature = createHmac("sha256", keyOf(secret)).update(`${id}.${timestamp}.${body}`).digest("base64");
  return { "webhook-id": id, "webhook-timestamp": timestamp, "webhook-signature": `v1,${signature}` };
}

function keyOf(secret: string): Buffer {
  return secret.startsWith(PREFIX) ? Buffer.from(secret.slice(PREFIX.length), "base64") : Buffer.from(secret);
}
