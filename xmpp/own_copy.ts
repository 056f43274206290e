import { Buffer } from "node:buffer";

/**
 * The same text, in memory of its own. A slice keeps the whole text that it was taken from in memory: a kept name would
 * hold its whole stanza.
 */
export function ownCopy(text: string): string {
  const encoding = /[^\0-\xff]/.test(text) ? "utf16le" : "latin1";
  return Buffer.from(text, encoding).toString(encoding);
}
