import { Buffer } from "node:buffer";

/**
 * The same text, in memory of its own. A slice keeps all of the text that it was taken from in memory, a whole stanza for
 * a name in it, for as long as the slice itself is kept.
 */
export function ownCopy(text: string): string {
  const encoding = /[^\0-\xff]/.test(text) ? "utf16le" : "latin1";
  return Buffer.from(text, encoding).toString(encoding);
}
