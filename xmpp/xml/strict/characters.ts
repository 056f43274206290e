/**
 * Text, references and names of XML: each function checks what begins at a place in a text and gives the place where it ends.
 * All of them throw XmlError.
 * @module
 */
import { ASCII, isNameChar, isNameStart, isXmlChar, NAME, NAME_START, PLAIN, SPACE } from "../chars.ts";
import { dereference } from "../references.ts";
import { XmlError, type XmlErrorCondition } from "../xml_error.ts";

const LESS_THAN = 0x3c;
const AMPERSAND = 0x26;
const COLON = 0x3a;
const RIGHT_BRACKET = 0x5d;

/** Enough of XML's names to tell an entity from a lone ampersand. */
const ENTITY_NAME = /^[\p{L}_:][\p{L}\p{N}_:.-]*$/u;

export function failAt(pos: number, condition: XmlErrorCondition, what: string): never {
  throw new XmlError(condition, `${what}, at offset ${pos}`);
}

/** Character data: up to the next `<`, which must come. */
export function dataEnd(text: string, start: number): number {
  const length = text.length;
  let pos = start;
  while (pos < length) {
    const code = text.charCodeAt(pos);
    if (code < 0x80) {
      if ((ASCII[code]! & (PLAIN | SPACE)) !== 0) pos++;
      else if (code === LESS_THAN) return pos;
      else if (code === AMPERSAND) pos = referenceEnd(text, pos);
      else if (code === RIGHT_BRACKET && text.startsWith("]]>", pos)) failAt(pos, "not-well-formed", "]]> in text");
      else if (code < 0x20) failAt(pos, "not-well-formed", "a control character");
      else pos++;
    } else {
      pos += characterLength(text, pos, code);
    }
  }
  failAt(pos, "not-well-formed", "the element is not closed");
}

/** A CDATA section, from behind its `<`. */
export function cdataEnd(text: string, start: number): number {
  if (!text.startsWith("![CDATA[", start)) failAt(start, "restricted-xml", "a comment or a declaration");
  const end = text.indexOf("]]>", start + 8);
  if (end < 0) failAt(start, "not-well-formed", "a CDATA section is not closed");
  for (let pos = start + 8; pos < end; ) {
    const code = text.charCodeAt(pos);
    if (isControl(code)) failAt(pos, "not-well-formed", "a control character");
    pos += characterLength(text, pos, code);
  }
  return end + 3;
}

/** A reference, which begins with `&`. */
export function referenceEnd(text: string, start: number): number {
  const end = text.indexOf(";", start);
  const name = end < 0 ? "" : text.slice(start + 1, end);
  if (dereference(name) !== undefined) return end + 1;
  // RFC 6120 section 11.1: an entity of its own is well-formed, and not allowed.
  if (ENTITY_NAME.test(name)) failAt(start, "restricted-xml", "a reference to no predefined entity");
  failAt(start, "not-well-formed", "a reference to no XML character");
}

/** An NCName: Namespaces in XML 1.0, production 4. */
export function ncNameEnd(text: string, start: number): number {
  let code = text.charCodeAt(start);
  if (code < 0x80 ? (ASCII[code]! & NAME_START) === 0 : !isNameStart(text.codePointAt(start) ?? 0)) {
    failAt(start, code === COLON ? "bad-namespace-prefix" : "not-well-formed", "no name where one must stand");
  }
  let pos = start + characterLength(text, start, code);
  for (;;) {
    code = text.charCodeAt(pos);
    if (code < 0x80) {
      if ((ASCII[code]! & NAME) === 0) return pos;
      pos++;
    } else if (isNameChar(text.codePointAt(pos) ?? 0)) {
      pos += characterLength(text, pos, code);
    } else {
      return pos;
    }
  }
}

/** White space, or none. */
export function spaceEnd(text: string, start: number): number {
  const length = text.length;
  let pos = start;
  // Reading a character behind the end of a text is slow.
  while (pos < length) {
    const code = text.charCodeAt(pos);
    if (code >= 0x80 || (ASCII[code]! & SPACE) === 0) break;
    pos++;
  }
  return pos;
}

/** Length in UTF-16 units of the character at `pos`, whose first unit is `code`. */
export function characterLength(text: string, pos: number, code: number): number {
  if (code < 0xd800) return 1;
  const point = text.codePointAt(pos)!;
  if (!isXmlChar(point)) failAt(pos, "not-well-formed", "a code point that is no XML character");
  return point > 0xffff ? 2 : 1;
}

/** A control character that XML does not allow. */
export function isControl(code: number): boolean {
  return code < 0x20 && (ASCII[code]! & SPACE) === 0;
}

/** Whether the text has the same characters at `a` and at `b`. */
export function sameAt(text: string, a: number, b: number, length: number): boolean {
  for (let i = 0; i < length; i++) if (text.charCodeAt(a + i) !== text.charCodeAt(b + i)) return false;
  return true;
}
