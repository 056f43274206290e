/** Ids that nobody guesses and no two messages share. @module */
import { Buffer } from "node:buffer";

/** 128 random bits, as 22 characters that stand unescaped in XML, JSON and URLs. */
export function newId(): string {
  return crypto.getRandomValues(Buffer.alloc(16)).toString("base64url");
}
