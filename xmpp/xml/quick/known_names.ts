/**
 * Names that stand in most stanzas: found by their first letter, and given as constants. Any other name is read character by
 * character and is a slice of the stanza.
 * @module
 */

/** At most 31, since a set of them is a number. */
const NAMES = [
  "xmlns",
  "xml:lang",
  "type",
  "id",
  "to",
  "from",
  "body",
  "message",
  "iq",
  "presence",
  "amp",
  "rule",
  "condition",
  "action",
  "value",
  "thread",
  "request",
  "received",
  "active",
  "composing",
  "origin-id",
  "markable",
  "query",
  "ping",
  "a",
  "r",
  "h",
] as const;

export const UNKNOWN = -1;
/** Names of attributes only. */
export const XMLNS = 0;
export const XML_LANG = 1;
export const TYPE = 2;

const BLANK = 0x20;
const SLASH = 0x2f;
const EQUALS = 0x3d;
const GREATER_THAN = 0x3e;

/** By the code of the first letter. */
const BY_FIRST: readonly (readonly number[])[] = Array.from({ length: 128 }, (_, code) =>
  NAMES.flatMap((name, index) => (name.charCodeAt(0) === code ? [index] : [])),
);

export function nameOf(known: number): string {
  return NAMES[known]!;
}

/** Which of them stands at `start`, before a blank, `=`, `/` or `>`. UNKNOWN: none. */
export function knownName(text: string, start: number): number {
  const first = text.charCodeAt(start);
  if (!(first < 128)) return UNKNOWN;
  const candidates = BY_FIRST[first]!;
  for (let i = 0; i < candidates.length; i++) {
    const known = candidates[i]!;
    const name = NAMES[known]!;
    const end = start + name.length;
    const after = text.charCodeAt(end);
    if (after !== EQUALS && after !== GREATER_THAN && after !== BLANK && after !== SLASH) continue;
    let at = name.length - 1;
    while (at > 0 && text.charCodeAt(start + at) === name.charCodeAt(at)) at--;
    if (at === 0) return known;
  }
  return UNKNOWN;
}
