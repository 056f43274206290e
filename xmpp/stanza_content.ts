import { NS } from "./ns.ts";
import { Element } from "./xml/element.ts";
import { type ScannedChild, type ScannedElement, scanElement, type XmlLimits } from "./xml/scanner.ts";

/** For text that has been accepted before, or that this server wrote. */
export const TRUSTED_LIMITS: XmlLimits = {
  maxBytes: Number.MAX_SAFE_INTEGER,
  maxDepth: 1000,
  maxAttributes: 1000,
  maxChildren: Number.MAX_SAFE_INTEGER,
};

const CLIENT_DEFAULT: ReadonlyMap<string, string> = new Map([["", NS.CLIENT]]);

/** Reads one element as it stands inside a `jabber:client` stream. @throws XmlError */
export function scanTrusted(text: string): ScannedElement {
  return scanElement(text, TRUSTED_LIMITS, CLIENT_DEFAULT);
}

const NONE: readonly ScannedChild[] = [];

/** A child with its parsed form, which goes along when the child comes to stand in another stanza. */
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
    this.source = undefined;
  }
}

/**
 * What stands between the tags of a stanza: text, and where its child elements are. Shared by all stanzas that differ
 * only in their addresses. Text that was appended is scanned when somebody first asks for a child.
 */
export class StanzaContent {
  readonly text: string;
  #children: readonly Payload[];
  #scannedTo: number;

  private constructor(text: string, children: readonly Payload[], scannedTo: number) {
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
    const payloads: Payload[] = [];
    for (let i = 0; i < children.length; i++) payloads.push(new Payload(children[i]!, -innerStart));
    return new StanzaContent(element.text.slice(innerStart, innerEnd), payloads, innerEnd - innerStart);
  }

  get children(): readonly ScannedChild[] {
    return this.#payloads();
  }

  find(name: string, ns: string): ScannedChild | undefined {
    return this.#find(name, ns);
  }

  /** The source of the first such child; cut out once, so that whoever looks it up in a memo hashes it once. */
  payloadText(name: string, ns: string): string | undefined {
    const child = this.#find(name, ns);
    if (child === undefined) return undefined;
    child.source ??= this.source(child);
    return child.source;
  }

  source(child: ScannedChild): string {
    return this.text.slice(child.start, child.end);
  }

  payload(name: string, ns: string): Element | undefined {
    const child = this.#find(name, ns);
    return child === undefined ? undefined : this.#parsed(child);
  }

  firstPayload(): Element | undefined {
    const first = this.#payloads()[0];
    return first === undefined ? undefined : this.#parsed(first);
  }

  append(child: string, last: string): StanzaContent {
    return new StanzaContent(`${this.text}${child}${last}`, this.#children, this.#scannedTo);
  }

  /** Without these of the children, which come in their order; the same object when there are none. */
  without(gone: readonly ScannedChild[]): StanzaContent {
    if (gone.length === 0) return this;
    const kept: Payload[] = [];
    let text = "";
    let from = 0;
    let passed = 0;
    for (const child of this.#payloads()) {
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
    for (const child of this.#payloads()) {
      if (child.name !== name || child.ns !== ns) continue;
      if (all === undefined) all = [child];
      else all.push(child);
    }
    return all ?? NONE;
  }

  #find(name: string, ns: string): Payload | undefined {
    const payloads = this.#payloads();
    for (let i = 0; i < payloads.length; i++) {
      const child = payloads[i]!;
      if (child.name === name && child.ns === ns) return child;
    }
    return undefined;
  }

  #parsed(child: Payload): Element {
    child.element ??= Element.parse(this.source(child), NS.CLIENT);
    return child.element;
  }

  #payloads(): readonly Payload[] {
    if (this.#scannedTo < this.text.length) this.#scanOn();
    return this.#children;
  }

  #scanOn(): void {
    const opening = "<x>";
    const shift = this.#scannedTo - opening.length;
    const { children } = scanTrusted(`${opening}${this.text.slice(this.#scannedTo)}</x>`);
    this.#children = [...this.#children, ...children.map((child) => new Payload(child, shift))];
    this.#scannedTo = this.text.length;
  }
}
