/** How a component proves its domain: XEP-0114 section 3. @module */
import { createHash, timingSafeEqual } from "node:crypto";

/** Lowercase hexadecimal SHA-1 of the stream's id and the shared secret. */
export function handshakeDigest(streamId: string, secret: string): string {
  return createHash("sha1").update(streamId).update(secret).digest("hex");
}

/** Takes the same time for each wrong digest. */
export function isGenuine(given: string, streamId: string, secret: string): boolean {
  const wanted = Buffer.from(handshakeDigest(streamId, secret));
  const got = Buffer.from(given);
  return got.length === wanted.length && timingSafeEqual(got, wanted);
}
