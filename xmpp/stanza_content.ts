import { NS } from "./ns.ts";
import { Element } from "./xml/element.ts";
import { scanElement } from "./xml/element_reader.ts";
import { contentOf, type ScannedChild, type ScannedElement, type XmlLimits } from "./xml/scanned_element.ts";

/** For text that was accepted before, or that this server wrote. */
export const TRUSTED_LIMITS: XmlLimits = {
  maxBytes: Number.MAX_SAFE_INTEGER,
  maxDepth: 1000,
  maxAttributes: 1000,
  maxChildren: Number.MAX_SAFE_INTEGER,
  maxElements: Number.MAX_SAFE_INTEGER,
};

const CLIENT_DEFAULT: ReadonlyMap<string, string> = new Map([["", NS.CLIENT]]);

/** Reads one element as it stands inside a `jabber:client` stream. @throws XmlError */
export function scanTrusted(text: string): ScannedElement {
  return scanElement(text, TRUSTED_LIMITS, CLIENT_DEFAULT);
}

const NONE: readonly ScannedChild[] = [];

/** A child that was looked up, with its parsed form. Both are carried over into stanzas derived from this one. */
class Payload implements ScannedChild {
  readonly name: string;
  readonly ns: string;
  readonly start: number;
  readonly end: number;
  element: Element | undefined;
  source: string | undefined;

  constructor(child: ScannedChild, shift: number) {
    this.name = child.name;
    this.ns = child.ns;
    this.start = child.start + shift;
    this.end = child.end + shift;
    this.element = child instanceof Payload ? child.element : undefined;
    this.source = child instanceof Payload ? child.source : undefined;
  }
}

/**
 * The content of a stanza: its text and the places of its child elements. Stanzas that differ only in their addresses
 * share it. Appended text is scanned on the first lookup of a child.
 */
export class StanzaContent {
  readonly text: string;
  /** A child is replaced by its payload on the first lookup. */
  #children: ScannedChild[];
  #scannedTo: number;

  private constructor(text: string, children: ScannedChild[], scannedTo: number) {
    this.text = text;
    this.#children = children;
    this.#scannedTo = scannedTo;
  }

  static readonly EMPTY = new StanzaContent("", [], 0);

  static of(text: string): StanzaContent {
    return text === "" ? StanzaContent.EMPTY : new StanzaContent(text, [], 0);
  }

  static fromScanned(element: ScannedElement): StanzaContent {
    const { innerStart, innerEnd, children } = element;
    if (innerStart === innerEnd) return StanzaContent.EMPTY;
    return new StanzaContent(contentOf(element), children as ScannedChild[], innerEnd - innerStart);
  }

  get children(): readonly ScannedChild[] {
    if (this.#scannedTo < this.text.length) this.#scanOn();
    return this.#children;
  }

  has(name: string, ns: string): boolean {
    return this.#find(name, ns) >= 0;
  }

  /** The source of the first such child. It is cut out once, so that a memo hashes it once. */
  payloadText(name: string, ns: string): string | undefined {
    const at = this.#find(name, ns);
    if (at < 0) return undefined;
    const payload = this.#payload(at);
    payload.source ??= this.source(payload);
    return payload.source;
  }

  source(child: ScannedChild): string {
    return this.text.slice(child.start, child.end);
  }

  payload(name: string, ns: string): Element | undefined {
    const at = this.#find(name, ns);
    return at < 0 ? undefined : this.#parsed(at);
  }

  payloads(name: string, ns: string): readonly Element[] {
    return this.all(name, ns).map((child) => Element.parse(this.source(child)));
  }

  firstPayload(): Element | undefined {
    return this.children.length === 0 ? undefined : this.#parsed(0);
  }

  append(child: string, last: string): StanzaContent {
    return new StanzaContent(`${this.text}${child}${last}`, this.#children, this.#scannedTo);
  }

  /** Without these children, given in document order; the same object when the list is empty. */
  without(gone: readonly ScannedChild[]): StanzaContent {
    if (gone.length === 0) return this;
    const kept: ScannedChild[] = [];
    let text = "";
    let from = 0;
    let passed = 0;
    for (const child of this.children) {
      if (child === gone[passed]) {
        passed++;
        text += this.text.slice(from, child.start);
        from = child.end;
      } else {
        const shift = text.length - from;
        kept.push(shift === 0 ? child : new Payload(child, shift));
      }
    }
    if (from < this.text.length) text += this.text.slice(from);
    return new StanzaContent(text, kept, text.length);
  }

  /** Those of this name and namespace. */
  all(name: string, ns: string): readonly ScannedChild[] {
    let all: ScannedChild[] | undefined;
    for (const child of this.children) {
      if (child.name !== name || child.ns !== ns) continue;
      if (all === undefined) all = [child];
      else all.push(child);
    }
    return all ?? NONE;
  }

  /** The index of the first such child; -1: there is none. */
  #find(name: string, ns: string): number {
    const { children } = this;
    for (let i = 0; i < children.length; i++) {
      const child = children[i]!;
      if (child.name === name && child.ns === ns) return i;
    }
    return -1;
  }

  #payload(at: number): Payload {
    const child = this.#children[at]!;
    if (child instanceof Payload) return child;
    const payload = new Payload(child, 0);
    this.#children[at] = payload;
    return payload;
  }

  #parsed(at: number): Element {
    const payload = this.#payload(at);
    payload.element ??= Element.parse(this.source(payload), NS.CLIENT);
    return payload.element;
  }

  #scanOn(): void {
    const { children } = scanTrusted(`<x>${this.text.slice(this.#scannedTo)}</x>`);
    this.#children = [...this.#children, ...children.map((child) => new Payload(child, this.#scannedTo))];
    this.#scannedTo = this.text.length;
  }
}
