import { NS } from "../../ns.ts";
import { ASCII, PLAIN } from "../chars.ts";
import { MAX_NAMESPACE_LENGTH, NamespaceScope } from "../namespace_scope.ts";
import { normalised } from "../references.ts";
import type { ScannedAttribute, XmlLimits } from "../scanned_element.ts";
import { AttributeNames, resolve } from "./attribute_names.ts";
import { characterLength, failAt, isControl, ncNameEnd, referenceEnd, spaceEnd } from "./characters.ts";

const LESS_THAN = 0x3c;
const GREATER_THAN = 0x3e;
const SLASH = 0x2f;
const AMPERSAND = 0x26;
const EQUALS = 0x3d;
const COLON = 0x3a;
const DOUBLE_QUOTE = 0x22;
const SINGLE_QUOTE = 0x27;
const NONE: readonly ScannedAttribute[] = [];

/** Reads one start tag after the other, with its attributes and namespace declarations. */
export class StartTag {
  /** Where the tag read last ends. */
  end = 0;
  isEmpty = false;
  /** No prefix in it but `xml:`. */
  isPlain = true;
  ns = "";
  /** The namespaces that hold inside the element. */
  scope = NamespaceScope.EMPTY;
  attributes: ScannedAttribute[] | typeof NONE = NONE;
  /** The element's qualified name. */
  nameStart = 0;
  nameEnd = 0;
  #localStart = 0;

  readonly #maxPrefixes: number;
  readonly #names: AttributeNames;
  #text = "";
  #pos = 0;
  /** Of the qualified name read last; -1: it has no prefix. */
  #colon = -1;
  /** An attribute has a prefix of a namespace. */
  #hasPrefixed = false;
  /** The value read last stands in the text as it is. */
  #isLiteral = true;

  constructor({ maxAttributes }: XmlLimits) {
    this.#maxPrefixes = maxAttributes;
    this.#names = new AttributeNames(maxAttributes);
  }

  /**
   * Reads the tag from behind its `<`. `outer`: the namespaces around it. `keep`: makes objects of the attributes.
   * Throws XmlError.
   */
  read(text: string, start: number, outer: NamespaceScope, keep: boolean): void {
    this.#text = text;
    this.#pos = start;
    this.scope = outer;
    this.isPlain = true;
    this.#hasPrefixed = false;
    this.#names.clear();
    if (keep) this.attributes = NONE;
    this.#qualifiedName();
    this.nameStart = start;
    this.nameEnd = this.#pos;
    const colon = this.#colon;
    this.#localStart = colon < 0 ? start : colon + 1;
    this.#attributeList(keep);
    this.ns = this.#namespace(colon);
    if (this.#hasPrefixed) this.#names.checkExpanded(text, this.scope);
    this.end = this.#pos;
    this.#text = "";
  }

  /** The element's local name. */
  localName(text: string): string {
    return text.slice(this.#localStart, this.nameEnd);
  }

  #namespace(colon: number): string {
    const { nameStart, nameEnd, scope } = this;
    if (nameEnd - this.#localStart === 5 && this.#text.startsWith("xmlns", this.#localStart)) {
      // Well-formed, but DOM (section 1.4) knows no such element.
      failAt(nameStart, "bad-namespace-prefix", "an element of the name xmlns");
    }
    if (colon < 0) return scope.defaultNs;
    const prefix = this.#text.slice(nameStart, colon);
    // There are no elements in that of xml either, and a default xmlns could not be written for one.
    if (prefix === "xmlns" || prefix === "xml") {
      failAt(nameStart, "bad-namespace-prefix", `an element with the prefix ${prefix}`);
    }
    this.isPlain = false;
    return resolve(scope, prefix, nameStart).ns;
  }

  /** Up to and with the `>`. */
  #attributeList(keep: boolean): void {
    const text = this.#text;
    for (;;) {
      const before = this.#pos;
      const pos = spaceEnd(text, before);
      const code = text.charCodeAt(pos);
      if (code === GREATER_THAN || code === SLASH) {
        this.isEmpty = code === SLASH;
        this.#pos = pos + (this.isEmpty ? 2 : 1);
        if (text.charCodeAt(this.#pos - 1) !== GREATER_THAN) failAt(pos, "not-well-formed", "a stray slash");
        return;
      }
      if (pos === before) failAt(pos, "not-well-formed", "no space before an attribute");
      this.#pos = pos;
      this.#attribute(keep);
    }
  }

  #attribute(keep: boolean): void {
    const text = this.#text;
    const nameStart = this.#pos;
    this.#qualifiedName();
    const colon = this.#colon;
    const nameEnd = this.#pos;
    this.#names.add(text, nameStart, colon, nameEnd);
    const equals = spaceEnd(text, nameEnd);
    if (text.charCodeAt(equals) !== EQUALS) failAt(equals, "not-well-formed", "an attribute without a value");
    const quote = spaceEnd(text, equals + 1);
    this.#quotedValue(quote);
    const prefixLength = (colon < 0 ? nameEnd : colon) - nameStart;
    if (prefixLength === 5 && text.startsWith("xmlns", nameStart)) {
      this.#declare(colon < 0 ? "" : text.slice(colon + 1, nameEnd), this.#value(quote), nameStart);
      return;
    }
    if (colon >= 0 && !(prefixLength === 3 && text.startsWith("xml", nameStart))) {
      this.isPlain = false;
      this.#hasPrefixed = true;
    }
    if (!keep) return;
    const item = { name: text.slice(nameStart, nameEnd), value: this.#value(quote) };
    if (this.attributes === NONE) this.attributes = [item];
    else (this.attributes as ScannedAttribute[]).push(item);
  }

  /** Namespaces in XML 1.0, section 3. */
  #declare(prefix: string, ns: string, pos: number): void {
    if (prefix === "xmlns" || ns === NS.XMLNS || (prefix === "xml") !== (ns === NS.XML)) {
      failAt(pos, "bad-namespace-prefix", "a reserved prefix or namespace is declared");
    }
    if (ns.length > MAX_NAMESPACE_LENGTH) {
      failAt(pos, "policy-violation", `a namespace of more than ${MAX_NAMESPACE_LENGTH} characters`);
    }
    if (prefix === "xml") return;
    if (prefix === "") {
      this.scope = this.scope.withDefault(ns);
      return;
    }
    if (ns === "") failAt(pos, "bad-namespace-prefix", `the prefix ${prefix} is bound to nothing`);
    if (this.scope.size >= this.#maxPrefixes) failAt(pos, "policy-violation", "too many prefixes");
    this.scope = this.scope.withPrefix(prefix, ns);
  }

  /** Namespaces in XML 1.0, production 7, QName. */
  #qualifiedName(): void {
    const text = this.#text;
    this.#colon = -1;
    let end = ncNameEnd(text, this.#pos);
    if (text.charCodeAt(end) === COLON) {
      this.#colon = end;
      end = ncNameEnd(text, end + 1);
      if (text.charCodeAt(end) === COLON) failAt(end, "bad-namespace-prefix", "a name with two colons");
    }
    this.#pos = end;
  }

  /** A value whose quote stands at `start`. */
  #quotedValue(start: number): void {
    const text = this.#text;
    const quote = text.charCodeAt(start);
    if (quote !== DOUBLE_QUOTE && quote !== SINGLE_QUOTE) failAt(start, "not-well-formed", "a value without quotes");
    this.#isLiteral = true;
    for (let pos = start + 1; pos < text.length; ) {
      const code = text.charCodeAt(pos);
      if (code >= 0x80) {
        pos += characterLength(text, pos, code);
      } else if ((ASCII[code]! & PLAIN) !== 0) {
        pos++;
      } else if (code === quote) {
        this.#pos = pos + 1;
        return;
      } else if (code === AMPERSAND) {
        this.#isLiteral = false;
        pos = referenceEnd(text, pos);
      } else if (code === LESS_THAN || isControl(code)) {
        failAt(pos, "not-well-formed", "a control character or < in a value");
      } else {
        if (code < 0x20) this.#isLiteral = false;
        pos++;
      }
    }
    failAt(start, "not-well-formed", "a value is not closed");
  }

  /** Of the value read last, whose quote stands at `start`. */
  #value(start: number): string {
    const value = this.#text.slice(start + 1, this.#pos - 1);
    return this.#isLiteral ? value : normalised(value);
  }
}
