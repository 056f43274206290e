/** Character classes of XML 1.0 (fifth edition) productions 2, 4 and 4a. @module */

/** A white space character: production 3, S. */
export const SPACE = 1;
/** May begin a name; the colon is left out, as names are read as QNames. */
export const NAME_START = 2;
/** May stand inside a name. */
export const NAME = 4;
/** Needs no further check in text and attribute values: legal, not markup, and no white space except U+0020. */
export const PLAIN = 8;

/** One byte of flags for each ASCII code. */
export const ASCII: Uint8Array = asciiTable();

function asciiTable(): Uint8Array {
  const table = new Uint8Array(128);
  for (let code = 0x20; code < 0x80; code++) table[code] = PLAIN;
  for (const char of "<&]\"'") table[char.charCodeAt(0)] = 0;
  for (const char of "abcdefghijklmnopqrstuvwxyz_") {
    table[char.charCodeAt(0)] = PLAIN | NAME_START | NAME;
    table[char.toUpperCase().charCodeAt(0)] = PLAIN | NAME_START | NAME;
  }
  for (const char of "0123456789-.") table[char.charCodeAt(0)] = PLAIN | NAME;
  table[0x20] = PLAIN | SPACE;
  for (const char of "\t\n\r") table[char.charCodeAt(0)] = SPACE;
  return table;
}

/** Production 2, Char, for a whole code point. A lone surrogate is no character. */
export function isXmlChar(code: number): boolean {
  if (code < 0x20) return code === 0x9 || code === 0xa || code === 0xd;
  return code <= 0xd7ff || (code >= 0xe000 && code <= 0xfffd) || (code >= 0x10000 && code <= 0x10ffff);
}

const NAME_START_RANGES = [
  0xc0, 0xd6, 0xd8, 0xf6, 0xf8, 0x2ff, 0x370, 0x37d, 0x37f, 0x1fff, 0x200c, 0x200d, 0x2070, 0x218f, 0x2c00, 0x2fef,
  0x3001, 0xd7ff, 0xf900, 0xfdcf, 0xfdf0, 0xfffd, 0x10000, 0xeffff,
];
const NAME_ONLY_RANGES = [0xb7, 0xb7, 0x300, 0x36f, 0x203f, 0x2040];

/** Production 4, NameStartChar, without the colon. */
export function isNameStart(code: number): boolean {
  return code < 0x80 ? (ASCII[code]! & NAME_START) !== 0 : within(NAME_START_RANGES, code);
}

/** Production 4a, NameChar, without the colon. */
export function isNameChar(code: number): boolean {
  if (code < 0x80) return (ASCII[code]! & NAME) !== 0;
  return within(NAME_START_RANGES, code) || within(NAME_ONLY_RANGES, code);
}

function within(ranges: readonly number[], code: number): boolean {
  for (let i = 0; i < ranges.length; i += 2) {
    if (code >= ranges[i]! && code <= ranges[i + 1]!) return true;
  }
  return false;
}
