import { Buffer } from "node:buffer";
import { NS } from "../ns.ts";
import { ASCII, isNameChar, isNameStart, isXmlChar, NAME, NAME_START, PLAIN, SPACE } from "./chars.ts";
import { byLength, commonText, MAX_NAMESPACE_LENGTH, NAMESPACES, reads } from "./common_texts.ts";
import { type BoundNamespace, NamespaceScope } from "./namespace_scope.ts";
import { dereference, normalised } from "./references.ts";
import type { ScannedAttribute, ScannedChild, ScannedElement, XmlLimits } from "./scanned_element.ts";
import { XmlError, type XmlErrorCondition } from "./xml_error.ts";

const LT = 0x3c;
const GT = 0x3e;
const SLASH = 0x2f;
const AMP = 0x26;
const EQUALS = 0x3d;
const COLON = 0x3a;
const BANG = 0x21;
const QUESTION = 0x3f;
const DOUBLE_QUOTE = 0x22;
const SINGLE_QUOTE = 0x27;
const RIGHT_BRACKET = 0x5d;
const BLANK = 0x20;
const FEW_ATTRIBUTES = 8;
const NO_NAMES: Set<string> = new Set();
const NONE: readonly ScannedAttribute[] = [];
const NO_CHILDREN: readonly ScannedChild[] = [];

const COMMON_NAMES = byLength([
  "id",
  "to",
  "iq",
  "amp",
  "type",
  "from",
  "body",
  "thread",
  "message",
  "request",
  "presence",
  "xml:lang",
]);

/** A start tag alone, and the namespaces that hold inside it. */
export interface ScannedHeader {
  readonly element: ScannedElement;
  readonly namespaces: ReadonlyMap<string, string>;
  readonly empty: boolean;
}

/** Enough of XML's names to tell an entity from a lone ampersand. */
const ENTITY_NAME = /^[\p{L}_:][\p{L}\p{N}_:.-]*$/u;

/**
 * One strict pass over the text of one element: XML 1.0, Namespaces in XML 1.0, and RFC 6120 section 11.1.
 * Only the outermost start tag and the direct children become objects. May be used for one element after the other, which
 * saves making its lists for each.
 */
export class Scan {
  readonly #limits: XmlLimits;
  #text = "";
  #inherited: ReadonlyMap<string, string> | undefined;
  #pos = 0;
  #plain = true;

  // The outermost element.
  #start = 0;
  #name = "";
  #ns = "";
  #attributes: ScannedAttribute[] | typeof NONE = NONE;
  #innerStart = 0;
  #children: ScannedChild[] | typeof NO_CHILDREN = NO_CHILDREN;

  // The open elements: start and end of each qualified name, and the namespaces around each.
  readonly #names: number[] = [];
  readonly #scopes: NamespaceScope[] = [];
  #scope = NamespaceScope.EMPTY;

  // The name read last: its end is #pos.
  #nameStart = 0;
  #colon = -1;

  // The start tag read last. Attributes are [start, colon or -1, end] triples of their names.
  #empty = false;
  readonly #attributeNames: number[] = [];
  #prefixed = false;
  #manyNames: Set<string> = NO_NAMES;

  #elements = 0;

  constructor(limits: XmlLimits) {
    this.#limits = limits;
  }

  /** The whole element, from `pos` on, with nothing but white space around it. Throws XmlError. */
  element(text: string, inherited: ReadonlyMap<string, string> | undefined, pos: number): ScannedElement {
    this.#checkSize(text);
    this.#begin(text, inherited, pos);
    const innerEnd = this.#element();
    const end = this.#pos;
    this.#skipSpace();
    if (this.#pos < text.length) this.#fail("not-well-formed", "text after the element");
    return this.#result(end, innerEnd);
  }

  /** The element that begins at `pos`; anything may follow, from `end` on. Throws XmlError. */
  elementAt(text: string, inherited: ReadonlyMap<string, string> | undefined, pos: number): ScannedElement {
    this.#begin(text, inherited, pos);
    const innerEnd = this.#element();
    const element = this.#result(this.#pos, innerEnd);
    this.#checkSize(element.text);
    return element;
  }

  /** After `elementAt`: where the element ends. */
  get end(): number {
    return this.#pos;
  }

  /** Only a start tag, which ends the text, and the namespaces that hold inside it. Throws XmlError. */
  header(text: string, pos: number): ScannedHeader {
    this.#checkSize(text);
    this.#begin(text, undefined, pos);
    this.#open();
    const namespaces = this.#scope.toMap();
    return { element: this.#result(this.#pos, this.#pos), namespaces, empty: this.#empty };
  }

  #checkSize(text: string): void {
    const { maxBytes } = this.#limits;
    if (exceeds(text, maxBytes)) throw new XmlError("policy-violation", `more than ${maxBytes} bytes`);
  }

  #begin(text: string, inherited: ReadonlyMap<string, string> | undefined, pos: number): void {
    this.#elements = 0;
    this.#text = text;
    this.#inherited = inherited;
    this.#pos = pos;
    this.#plain = true;
    this.#attributes = NONE;
    this.#children = NO_CHILDREN;
    this.#names.length = 0;
    this.#scopes.length = 0;
    this.#scope = NamespaceScope.outermost(inherited);
  }

  /** Gives where its content ends. */
  #element(): number {
    this.#open();
    return this.#empty ? this.#pos : this.#content();
  }

  #open(): void {
    this.#skipSpace();
    this.#start = this.#pos;
    if (this.#code() !== LT) this.#fail("not-well-formed", "no element where one must begin");
    this.#pos++;
    this.#startTag();
    this.#innerStart = this.#pos;
  }

  #result(end: number, innerEnd: number): ScannedElement {
    const start = this.#start;
    const text = this.#text;
    // Not kept until the next one comes, which may be long.
    this.#text = "";
    return {
      name: this.#name,
      ns: this.#ns,
      attributes: this.#attributes,
      text: start === 0 && end === text.length ? text : text.slice(start, end),
      innerStart: this.#innerStart - start,
      innerEnd: innerEnd - start,
      children: this.#children,
      plain: this.#plain,
      inherited: this.#inherited,
    };
  }

  /** Everything up to and with the end tag of the outermost element. Gives where its content ends. */
  #content(): number {
    for (;;) {
      this.#characters();
      const tag = this.#pos++;
      const code = this.#code();
      if (code === SLASH) {
        this.#pos++;
        this.#endTag();
        if (this.#scopes.length === 0) return tag;
      } else if (code === BANG) {
        this.#cdata();
      } else {
        this.#startTag();
        if (!this.#empty) continue;
      }
      if (this.#scopes.length === 1) this.#closeChild(code);
    }
  }

  #closeChild(code: number): void {
    if (code === BANG) return;
    const child = this.#children[this.#children.length - 1] as { end: number };
    child.end = this.#pos - this.#innerStart;
  }

  /** Text up to the next `<`. */
  #characters(): void {
    const text = this.#text;
    const length = text.length;
    let pos = this.#pos;
    while (pos < length) {
      const code = text.charCodeAt(pos);
      if (code < 0x80) {
        if ((ASCII[code]! & (PLAIN | SPACE)) !== 0) pos++;
        else if (code === LT) break;
        else if (code === AMP) pos = this.#reference(pos);
        else if (code === RIGHT_BRACKET && text.startsWith("]]>", pos)) this.#fail("not-well-formed", "]]> in text");
        else if (code < 0x20) this.#fail("not-well-formed", "a control character");
        else pos++;
      } else {
        pos += code < 0xd800 ? 1 : this.#wideCharacter(pos);
      }
    }
    this.#pos = pos;
    if (pos >= length) this.#fail("not-well-formed", "the element is not closed");
  }

  #cdata(): void {
    const text = this.#text;
    if (!text.startsWith("![CDATA[", this.#pos)) this.#fail("restricted-xml", "a comment or a declaration");
    const end = text.indexOf("]]>", this.#pos + 8);
    if (end < 0) this.#fail("not-well-formed", "a CDATA section is not closed");
    for (let pos = this.#pos + 8; pos < end; ) {
      const code = text.charCodeAt(pos);
      if (code < 0x20 && (ASCII[code]! & SPACE) === 0) this.#fail("not-well-formed", "a control character");
      pos += code < 0xd800 ? 1 : this.#wideCharacter(pos);
    }
    this.#pos = end + 3;
  }

  /** Length in UTF-16 units of the character at `pos`, which is U+D800 or above. */
  #wideCharacter(pos: number): number {
    const code = this.#text.codePointAt(pos)!;
    if (!isXmlChar(code)) this.#fail("not-well-formed", "a code point that is no XML character");
    return code > 0xffff ? 2 : 1;
  }

  /** Checks the reference at `pos` and gives where it ends. */
  #reference(pos: number): number {
    const text = this.#text;
    // The longest reference that can be right is &#x10FFFF;, but leading zeros are allowed.
    const end = text.indexOf(";", pos);
    const name = end < 0 ? "" : text.slice(pos + 1, end);
    if (dereference(name) !== undefined) return end + 1;
    // RFC 6120 section 11.1: an entity of its own is well-formed, and not allowed.
    if (ENTITY_NAME.test(name)) this.#fail("restricted-xml", "a reference to no predefined entity");
    this.#fail("not-well-formed", "a reference to no XML character");
  }

  #endTag(): void {
    const end = this.#names.pop()!;
    const start = this.#names.pop()!;
    if (!this.#same(start, this.#pos, end - start)) this.#failUnclosed(start, end);
    this.#pos += end - start;
    if (this.#code() !== GT) this.#skipSpace();
    if (this.#code() !== GT) this.#failUnclosed(start, end);
    this.#pos++;
    this.#scope = this.#scopes.pop()!;
  }

  /** Reads a start tag from behind its `<`. */
  #startTag(): void {
    const { maxDepth, maxChildren, maxElements } = this.#limits;
    const depth = this.#scopes.length;
    const first = this.#code();
    if (first === BANG || first === QUESTION) {
      this.#fail("restricted-xml", "a comment, a declaration or a processing instruction");
    }
    if (depth >= maxDepth) this.#fail("policy-violation", `more than ${maxDepth} levels`);
    if (depth === 1 && this.#children.length >= maxChildren) {
      this.#fail("policy-violation", `more than ${maxChildren} children`);
    }
    if (++this.#elements > maxElements) this.#fail("policy-violation", `more than ${maxElements} elements`);
    const start = this.#pos - 1;
    this.#qualifiedName();
    const nameStart = this.#nameStart;
    const colon = this.#colon;
    const nameEnd = this.#pos;
    const outer = this.#scope;
    this.#attributeList(depth === 0);
    const ns = this.#elementNamespace(nameStart, colon, nameEnd);
    if (this.#prefixed) this.#checkExpandedNames();
    if (depth < 2) this.#keep(start, colon < 0 ? nameStart : colon + 1, nameEnd, ns);
    if (this.#empty) {
      if (depth > 0) this.#scope = outer;
    } else {
      this.#names.push(nameStart, nameEnd);
      this.#scopes.push(outer);
    }
  }

  #keep(start: number, nameStart: number, nameEnd: number, ns: string): void {
    const name = commonText(COMMON_NAMES, this.#text, nameStart, nameEnd);
    if (this.#scopes.length === 0) {
      this.#name = name;
      this.#ns = ns;
    } else {
      const innerStart = this.#innerStart;
      const child = { name, ns, start: start - innerStart, end: this.#pos - innerStart };
      if (this.#children === NO_CHILDREN) this.#children = [child];
      else (this.#children as ScannedChild[]).push(child);
    }
  }

  #elementNamespace(nameStart: number, colon: number, nameEnd: number): string {
    const localStart = colon < 0 ? nameStart : colon + 1;
    if (nameEnd - localStart === 5 && reads(this.#text, localStart, "xmlns")) {
      // Well-formed, but DOM (section 1.4) knows no such element.
      this.#fail("bad-namespace-prefix", "an element of the name xmlns");
    }
    if (colon < 0) return this.#scope.defaultNs;
    const prefix = this.#text.slice(nameStart, colon);
    // There are no elements in that of xml either, and a default xmlns could not be written for one.
    if (prefix === "xmlns" || prefix === "xml") {
      this.#fail("bad-namespace-prefix", `an element with the prefix ${prefix}`);
    }
    this.#plain = false;
    return this.#resolve(prefix).ns;
  }

  #resolve(prefix: string): BoundNamespace {
    const bound = this.#scope.lookup(prefix);
    if (bound === undefined) this.#fail("bad-namespace-prefix", `the prefix ${prefix} is not declared`);
    return bound;
  }

  /** Reads up to and with the `>` of a start tag. Sets #empty, #scope, and for the outermost element #attributes. */
  #attributeList(keep: boolean): void {
    const text = this.#text;
    const names = this.#attributeNames;
    names.length = 0;
    this.#prefixed = false;
    for (;;) {
      const before = this.#pos;
      let code = this.#code();
      if (code === BLANK) code = text.charCodeAt(++this.#pos);
      if (code <= BLANK) {
        this.#skipSpace();
        code = this.#code();
      }
      if (code === GT || code === SLASH) {
        this.#empty = code === SLASH;
        this.#pos += this.#empty ? 2 : 1;
        if (this.#empty && text.charCodeAt(this.#pos - 1) !== GT) this.#fail("not-well-formed", "a stray slash");
        return;
      }
      if (this.#pos === before) this.#fail("not-well-formed", "no space before an attribute");
      this.#attribute(keep);
    }
  }

  #attribute(keep: boolean): void {
    this.#qualifiedName();
    const nameStart = this.#nameStart;
    const colon = this.#colon;
    const nameEnd = this.#pos;
    this.#checkUnique(nameStart, colon, nameEnd);
    if (this.#code() !== EQUALS) this.#skipSpace();
    if (this.#code() !== EQUALS) this.#fail("not-well-formed", "an attribute without a value");
    this.#pos++;
    if (this.#code() <= BLANK) this.#skipSpace();
    const valueStart = this.#pos + 1;
    const literal = this.#attributeValue();
    const valueEnd = this.#pos - 1;
    if (this.#isDeclaration(nameStart, colon, nameEnd)) {
      const prefix = colon < 0 ? "" : this.#text.slice(colon + 1, nameEnd);
      const ns = literal
        ? commonText(NAMESPACES, this.#text, valueStart, valueEnd)
        : normalised(this.#text.slice(valueStart, valueEnd));
      this.#declare(prefix, ns);
      return;
    }
    if (colon >= 0 && !(colon - nameStart === 3 && this.#text.startsWith("xml", nameStart))) {
      this.#plain = false;
      this.#prefixed = true;
    }
    if (!keep) return;
    const name = commonText(COMMON_NAMES, this.#text, nameStart, nameEnd);
    const item = { name, value: this.#value(valueStart, valueEnd, literal) };
    if (this.#attributes === NONE) this.#attributes = [item];
    else (this.#attributes as ScannedAttribute[]).push(item);
  }

  #isDeclaration(nameStart: number, colon: number, nameEnd: number): boolean {
    return (colon < 0 ? nameEnd : colon) - nameStart === 5 && reads(this.#text, nameStart, "xmlns");
  }

  /** Namespaces in XML 1.0, section 3. */
  #declare(prefix: string, ns: string): void {
    if (prefix === "xmlns" || ns === NS.XMLNS || (prefix === "xml") !== (ns === NS.XML)) {
      this.#fail("bad-namespace-prefix", "a reserved prefix or namespace is declared");
    }
    if (ns.length > MAX_NAMESPACE_LENGTH) {
      this.#fail("policy-violation", `a namespace of more than ${MAX_NAMESPACE_LENGTH} characters`);
    }
    if (prefix === "xml") return;
    if (prefix === "") {
      this.#scope = this.#scope.withDefault(ns);
      return;
    }
    if (ns === "") this.#fail("bad-namespace-prefix", `the prefix ${prefix} is bound to nothing`);
    if (this.#scope.size >= this.#limits.maxAttributes) this.#fail("policy-violation", "too many prefixes");
    this.#scope = this.#scope.withPrefix(prefix, ns);
  }

  #checkUnique(start: number, colon: number, end: number): void {
    const names = this.#attributeNames;
    const count = names.length;
    if (count >= 3 * this.#limits.maxAttributes) this.#fail("policy-violation", "too many attributes");
    if (count > 3 * FEW_ATTRIBUTES) {
      this.#rememberName(start, end);
    } else {
      for (let i = 0; i < count; i += 3) {
        if (names[i + 2]! - names[i]! === end - start && this.#same(names[i]!, start, end - start)) this.#failTwice();
      }
    }
    names[count] = start;
    names[count + 1] = colon;
    names[count + 2] = end;
  }

  /** Comparing each with each would make an element with many attributes dear. */
  #rememberName(start: number, end: number): void {
    const names = this.#attributeNames;
    if (names.length === 3 * (FEW_ATTRIBUTES + 1)) {
      this.#manyNames = new Set();
      for (let i = 0; i < names.length; i += 3) this.#manyNames.add(this.#text.slice(names[i]!, names[i + 2]!));
    }
    const size = this.#manyNames.size;
    if (this.#manyNames.add(this.#text.slice(start, end)).size === size) this.#failTwice();
  }

  /**
   * Namespaces in XML 1.0, section 6.3: two prefixes may stand for one namespace. A namespace may be long and have many
   * attributes, so that none is read here.
   */
  #checkExpandedNames(): void {
    const names = this.#attributeNames;
    const seen = new Map<string, Set<BoundNamespace>>();
    for (let i = 0; i < names.length; i += 3) {
      const start = names[i]!;
      const colon = names[i + 1]!;
      if (colon < 0 || this.#isDeclaration(start, colon, names[i + 2]!)) continue;
      const prefix = this.#text.slice(start, colon);
      // No other prefix stands for that of xml.
      if (prefix === "xml") continue;
      const bound = this.#resolve(prefix);
      const local = this.#text.slice(colon + 1, names[i + 2]);
      const others = seen.get(local);
      if (others === undefined) seen.set(local, new Set([bound]));
      else if (others.has(bound)) this.#failTwice();
      else others.add(bound);
    }
  }

  #same(a: number, b: number, length: number): boolean {
    const text = this.#text;
    for (let i = 0; i < length; i++) if (text.charCodeAt(a + i) !== text.charCodeAt(b + i)) return false;
    return true;
  }

  /** Reads a quoted value, quotes included. True when the value stands in the text as it is. */
  #attributeValue(): boolean {
    const text = this.#text;
    const quote = this.#code();
    if (quote !== DOUBLE_QUOTE && quote !== SINGLE_QUOTE) this.#fail("not-well-formed", "a value without quotes");
    let literal = true;
    for (let pos = this.#pos + 1; pos < text.length; ) {
      const code = text.charCodeAt(pos);
      if (code < 0x80) {
        if ((ASCII[code]! & PLAIN) !== 0) {
          pos++;
        } else if (code === quote) {
          this.#pos = pos + 1;
          return literal;
        } else if (code === AMP) {
          literal = false;
          pos = this.#reference(pos);
        } else if (code === LT || (code < 0x20 && (ASCII[code]! & SPACE) === 0)) {
          this.#fail("not-well-formed", "a control character or < in a value");
        } else {
          if (code < 0x20) literal = false;
          pos++;
        }
      } else {
        pos += code < 0xd800 ? 1 : this.#wideCharacter(pos);
      }
    }
    this.#fail("not-well-formed", "a value is not closed");
  }

  #value(start: number, end: number, literal: boolean): string {
    const value = this.#text.slice(start, end);
    return literal ? value : normalised(value);
  }

  /** Namespaces in XML 1.0, production 7, QName. Sets #nameStart and #colon. */
  #qualifiedName(): void {
    const text = this.#text;
    this.#nameStart = this.#pos;
    this.#colon = -1;
    let pos = this.#namePart(this.#pos);
    if (text.charCodeAt(pos) === COLON) {
      this.#colon = pos;
      pos = this.#namePart(pos + 1);
      if (text.charCodeAt(pos) === COLON) this.#fail("bad-namespace-prefix", "a name with two colons");
    }
    this.#pos = pos;
  }

  /** Namespaces in XML 1.0, production 4, NCName. Gives where it ends. */
  #namePart(start: number): number {
    const text = this.#text;
    let code = text.charCodeAt(start);
    let pos = start;
    if (code < 0x80 ? (ASCII[code]! & NAME_START) !== 0 : isNameStart(text.codePointAt(start) ?? 0)) {
      pos += code < 0xd800 ? 1 : this.#wideCharacter(pos);
    } else {
      this.#fail(code === COLON ? "bad-namespace-prefix" : "not-well-formed", "no name where one must stand");
    }
    for (;;) {
      code = text.charCodeAt(pos);
      if (code < 0x80) {
        if ((ASCII[code]! & NAME) === 0) return pos;
        pos++;
      } else if (isNameChar(text.codePointAt(pos) ?? 0)) {
        pos += code < 0xd800 ? 1 : this.#wideCharacter(pos);
      } else {
        return pos;
      }
    }
  }

  #skipSpace(): void {
    const text = this.#text;
    const length = text.length;
    let pos = this.#pos;
    // A look beyond the end is slow.
    while (pos < length) {
      const code = text.charCodeAt(pos);
      if (code >= 0x80 || (ASCII[code]! & SPACE) === 0) break;
      pos++;
    }
    this.#pos = pos;
  }

  /** The code at the current place; NaN at the end. */
  #code(): number {
    return this.#text.charCodeAt(this.#pos);
  }

  #failUnclosed(start: number, end: number): never {
    this.#fail("not-well-formed", `no end tag for ${this.#text.slice(start, end)}`);
  }

  #failTwice(): never {
    this.#fail("not-well-formed", "an attribute is given twice");
  }

  #fail(condition: XmlErrorCondition, what: string): never {
    throw new XmlError(condition, `${what}, at offset ${this.#pos}`);
  }
}

/** UTF-8 bytes are at least as many as UTF-16 units, and at most three times as many. */
function exceeds(text: string, maxBytes: number): boolean {
  if (text.length > maxBytes) return true;
  return text.length * 3 > maxBytes && Buffer.byteLength(text) > maxBytes;
}
