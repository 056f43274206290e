/**
 * Builds the tree of an element that a scanner has accepted, for a stanza that is rewritten whole; payloads are read by
 * Element.parse(), and a property test holds both to the same tree. Only the structure of tags is checked again, so the cost
 * is little more than that of the objects.
 * @module
 */
import { ASCII, NAME, SPACE } from "./chars.ts";
import type { NamespaceScope } from "./namespace_scope.ts";
import { characterData, lineEnds, normalised } from "./references.ts";

const LT = 0x3c;
const GT = 0x3e;
const SLASH = 0x2f;
const EQUALS = 0x3d;
const BANG = 0x21;
const COLON = 0x3a;
const CDATA = "<![CDATA[";
const NO_ATTRIBUTES: Readonly<Record<string, string>> = Object.freeze({});
const NO_CHILDREN: readonly never[] = Object.freeze([]);

interface Attribute {
  readonly name: string;
  readonly value: string;
}

/** Makes an element of the tree. */
export type MakeElement<Tree> = (
  name: string,
  ns: string,
  attributes: Readonly<Record<string, string>>,
  children: readonly (Tree | string)[],
) => Tree;

export class TreeReader<Tree extends object> {
  readonly #text: string;
  readonly #make: MakeElement<Tree>;
  #pos = 0;
  /** Of the start tag read last: whether no content follows. */
  #isEmpty = false;

  constructor(text: string, make: MakeElement<Tree>) {
    this.#text = text;
    this.#make = make;
  }

  /** The one element of the text. @throws Error when its tags do not form one */
  read(scope: NamespaceScope): Tree {
    this.#skipSpace();
    if (this.#code() !== LT) this.#fail("no element");
    const root = this.#element(scope);
    this.#skipSpace();
    if (this.#pos < this.#text.length) this.#fail("text after the element");
    return root;
  }

  /** From its `<` on. */
  #element(outer: NamespaceScope): Tree {
    const start = ++this.#pos;
    const qualifiedName = this.#name();
    const attributes = this.#attributes();
    const isEmpty = this.#isEmpty;
    const scope = attributes === undefined ? outer : declared(outer, attributes);
    const kept = attributes === undefined ? NO_ATTRIBUTES : this.#kept(attributes, scope);
    const children = isEmpty ? NO_CHILDREN : this.#content(qualifiedName, scope);
    const colon = qualifiedName.indexOf(":");
    if (colon < 0) return this.#make(qualifiedName, scope.defaultNs, kept, children);
    const ns = this.#resolve(this.#text.slice(start, start + colon), scope);
    return this.#make(qualifiedName.slice(colon + 1), ns, kept, children);
  }

  /** Up to and with the `>` of a start tag; undefined: there are none. Sets #isEmpty. */
  #attributes(): Attribute[] | undefined {
    let attributes: Attribute[] | undefined;
    for (;;) {
      this.#skipSpace();
      const code = this.#code();
      if (code === GT || code === SLASH) {
        this.#isEmpty = code === SLASH;
        this.#pos += this.#isEmpty ? 2 : 1;
        return attributes;
      }
      attributes ??= [];
      attributes.push(this.#attribute());
    }
  }

  #attribute(): Attribute {
    const text = this.#text;
    const name = this.#name();
    this.#skipSpace();
    if (this.#code() !== EQUALS) this.#fail("an attribute without a value");
    this.#pos++;
    this.#skipSpace();
    const start = this.#pos + 1;
    const end = text.indexOf(text.charAt(this.#pos), start);
    if (end < start) this.#fail("a value that is not closed");
    this.#pos = end + 1;
    return { name, value: normalised(text.slice(start, end)) };
  }

  /** Without declarations, but with those of the prefixes that are used. */
  #kept(attributes: readonly Attribute[], scope: NamespaceScope): Readonly<Record<string, string>> {
    const kept: [string, string][] = [];
    for (const { name, value } of attributes) {
      const colon = name.indexOf(":");
      const prefix = colon < 0 ? "" : name.slice(0, colon);
      if (prefix === "xmlns" || name === "xmlns") continue;
      if (prefix !== "" && prefix !== "xml") kept.push([`xmlns:${prefix}`, this.#resolve(prefix, scope)]);
      kept.push([name, value]);
    }
    // Not by assignment: an attribute may be called __proto__.
    return Object.fromEntries(kept);
  }

  /** Up to and with the end tag. */
  #content(qualifiedName: string, scope: NamespaceScope): readonly (Tree | string)[] {
    const text = this.#text;
    const children: (Tree | string)[] = [];
    for (;;) {
      const tag = text.indexOf("<", this.#pos);
      if (tag < 0) this.#fail(`no end tag for ${qualifiedName}`);
      if (tag > this.#pos) addText(children, characterData(text.slice(this.#pos, tag)));
      this.#pos = tag;
      const code = text.charCodeAt(tag + 1);
      if (code === SLASH) {
        this.#endTag(qualifiedName);
        return children.length === 0 ? NO_CHILDREN : children;
      }
      if (code === BANG) addText(children, this.#cdata());
      else children.push(this.#element(scope));
    }
  }

  #endTag(qualifiedName: string): void {
    const start = this.#pos + 2;
    this.#pos = start + qualifiedName.length;
    if (!this.#text.startsWith(qualifiedName, start)) this.#fail(`no end tag for ${qualifiedName}`);
    this.#skipSpace();
    if (this.#code() !== GT) this.#fail(`no end tag for ${qualifiedName}`);
    this.#pos++;
  }

  #cdata(): string {
    const text = this.#text;
    const start = this.#pos + CDATA.length;
    const end = text.indexOf("]]>", start);
    if (end < 0 || !text.startsWith(CDATA, this.#pos)) this.#fail("a comment or a declaration");
    this.#pos = end + 3;
    return lineEnds(text.slice(start, end));
  }

  #resolve(prefix: string, scope: NamespaceScope): string {
    const bound = scope.lookup(prefix);
    if (bound === undefined) this.#fail(`the prefix ${prefix} is not declared`);
    return bound.ns;
  }

  /** The name with its prefix. In accepted text any character outside ASCII belongs to the name here. */
  #name(): string {
    const text = this.#text;
    const start = this.#pos;
    let pos = start;
    let code = text.charCodeAt(pos);
    while (code >= 0x80 || (ASCII[code]! & NAME) !== 0 || code === COLON) code = text.charCodeAt(++pos);
    if (pos === start) this.#fail("no name where one must stand");
    this.#pos = pos;
    return text.slice(start, pos);
  }

  #skipSpace(): void {
    while (isSpace(this.#code())) this.#pos++;
  }

  /** NaN at the end. */
  #code(): number {
    return this.#text.charCodeAt(this.#pos);
  }

  #fail(what: string): never {
    throw new Error(`Cannot parse XML: ${what}, at offset ${this.#pos}`);
  }
}

function declared(outer: NamespaceScope, attributes: readonly Attribute[]): NamespaceScope {
  let scope = outer;
  for (const { name, value } of attributes) {
    if (name === "xmlns") scope = scope.withDefault(value);
    else if (name.startsWith("xmlns:") && name !== "xmlns:xml") scope = scope.withPrefix(name.slice(6), value);
  }
  return scope;
}

function addText<Tree extends object>(children: (Tree | string)[], text: string): void {
  const last = children.at(-1);
  if (typeof last === "string") children[children.length - 1] = last + text;
  else if (text !== "") children.push(text);
}

function isSpace(code: number): boolean {
  return code < 0x80 && (ASCII[code]! & SPACE) !== 0;
}
