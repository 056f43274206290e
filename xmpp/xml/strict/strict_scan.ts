import { Buffer } from "node:buffer";
import { NamespaceScope } from "../namespace_scope.ts";
import type { ScannedAttribute, ScannedChild, ScannedElement, XmlLimits } from "../scanned_element.ts";
import { XmlError } from "../xml_error.ts";
import { cdataEnd, dataEnd, failAt, sameAt, spaceEnd } from "./characters.ts";
import { StartTag } from "./start_tag.ts";

const LESS_THAN = 0x3c;
const GREATER_THAN = 0x3e;
const SLASH = 0x2f;
const BANG = 0x21;
const QUESTION = 0x3f;
const NONE: readonly ScannedAttribute[] = [];
const NO_CHILDREN: readonly ScannedChild[] = [];

/** A start tag alone, and the namespaces that hold inside it. */
export interface ScannedHeader {
  readonly element: ScannedElement;
  readonly namespaces: ReadonlyMap<string, string>;
  readonly empty: boolean;
}

/**
 * One strict pass over the text of one element: XML 1.0, Namespaces in XML 1.0, and RFC 6120 section 11.1.
 * Only the outermost start tag and the direct children become objects. One scan serves many elements, one after the other,
 * which saves making its lists for each.
 */
export class StrictScan {
  readonly #limits: XmlLimits;
  readonly #tag: StartTag;
  #text = "";
  #inherited: ReadonlyMap<string, string> | undefined;
  #pos = 0;
  #plain = true;
  #elements = 0;

  // The outermost element.
  #start = 0;
  #name = "";
  #ns = "";
  #attributes: readonly ScannedAttribute[] = NONE;
  #innerStart = 0;
  #children: ScannedChild[] | typeof NO_CHILDREN = NO_CHILDREN;

  // The open elements: start and end of each qualified name, and the namespaces around each.
  readonly #names: number[] = [];
  readonly #scopes: NamespaceScope[] = [];
  #scope = NamespaceScope.EMPTY;

  constructor(limits: XmlLimits) {
    this.#limits = limits;
    this.#tag = new StartTag(limits);
  }

  /** The whole element, from `pos` on, with nothing but white space around it. Throws XmlError. */
  element(text: string, inherited: ReadonlyMap<string, string> | undefined, pos: number): ScannedElement {
    this.#checkSize(text);
    this.#begin(text, inherited, pos);
    const innerEnd = this.#element();
    const end = this.#pos;
    const after = spaceEnd(text, end);
    if (after < text.length) failAt(after, "not-well-formed", "text after the element");
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
    const { scope, isEmpty } = this.#tag;
    return { element: this.#result(this.#pos, this.#pos), namespaces: scope.toMap(), empty: isEmpty };
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
    return this.#tag.isEmpty ? this.#pos : this.#content();
  }

  #open(): void {
    const text = this.#text;
    const start = spaceEnd(text, this.#pos);
    if (text.charCodeAt(start) !== LESS_THAN) failAt(start, "not-well-formed", "no element where one must begin");
    this.#start = start;
    this.#startTag(start + 1);
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
    const text = this.#text;
    const scopes = this.#scopes;
    for (;;) {
      const tag = dataEnd(text, this.#pos);
      const code = text.charCodeAt(tag + 1);
      if (code === SLASH) {
        this.#endTag(tag + 2);
        if (scopes.length === 0) return tag;
      } else if (code === BANG) {
        this.#pos = cdataEnd(text, tag + 1);
        continue;
      } else {
        this.#startTag(tag + 1);
        if (!this.#tag.isEmpty) continue;
      }
      if (scopes.length === 1) this.#closeChild();
    }
  }

  #closeChild(): void {
    const child = this.#children[this.#children.length - 1] as { end: number };
    child.end = this.#pos - this.#innerStart;
  }

  /** Reads an end tag from behind its `</`. */
  #endTag(start: number): void {
    const text = this.#text;
    const nameEnd = this.#names.pop()!;
    const nameStart = this.#names.pop()!;
    const length = nameEnd - nameStart;
    const end = spaceEnd(text, start + length);
    if (!sameAt(text, nameStart, start, length) || text.charCodeAt(end) !== GREATER_THAN) {
      failAt(start, "not-well-formed", `no end tag for ${text.slice(nameStart, nameEnd)}`);
    }
    this.#pos = end + 1;
    this.#scope = this.#scopes.pop()!;
  }

  /** Reads a start tag from behind its `<`. */
  #startTag(start: number): void {
    const depth = this.#scopes.length;
    this.#checkRoom(start, depth);
    const tag = this.#tag;
    tag.read(this.#text, start, this.#scope, depth === 0);
    this.#pos = tag.end;
    if (!tag.isPlain) this.#plain = false;
    if (depth === 0) this.#keepOutermost();
    else if (depth === 1) this.#keepChild(start - 1);
    if (tag.isEmpty) return;
    this.#names.push(tag.nameStart, tag.nameEnd);
    this.#scopes.push(this.#scope);
    this.#scope = tag.scope;
  }

  #checkRoom(start: number, depth: number): void {
    const { maxDepth, maxChildren, maxElements } = this.#limits;
    const first = this.#text.charCodeAt(start);
    if (first === BANG || first === QUESTION) {
      failAt(start, "restricted-xml", "a comment, a declaration or a processing instruction");
    }
    if (depth >= maxDepth) failAt(start, "policy-violation", `more than ${maxDepth} levels`);
    if (depth === 1 && this.#children.length >= maxChildren) {
      failAt(start, "policy-violation", `more than ${maxChildren} children`);
    }
    if (++this.#elements > maxElements) failAt(start, "policy-violation", `more than ${maxElements} elements`);
  }

  #keepOutermost(): void {
    this.#name = this.#tag.localName(this.#text);
    this.#ns = this.#tag.ns;
    this.#attributes = this.#tag.attributes;
  }

  #keepChild(start: number): void {
    const innerStart = this.#innerStart;
    const name = this.#tag.localName(this.#text);
    const child = { name, ns: this.#tag.ns, start: start - innerStart, end: this.#pos - innerStart };
    if (this.#children === NO_CHILDREN) this.#children = [child];
    else (this.#children as ScannedChild[]).push(child);
  }
}

/** UTF-8 bytes are at least as many as UTF-16 units, and at most three times as many. */
function exceeds(text: string, maxBytes: number): boolean {
  if (text.length > maxBytes) return true;
  return text.length * 3 > maxBytes && Buffer.byteLength(text) > maxBytes;
}
