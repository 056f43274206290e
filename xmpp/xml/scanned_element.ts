/** Limits for the scan of one element. */
export interface XmlLimits {
  /** UTF-8 bytes of one element. */
  readonly maxBytes: number;
  /** Levels of nesting; the element itself is the first. */
  readonly maxDepth: number;
  /** Attributes of one element, namespace declarations among them; also the prefixes declared around any one place. */
  readonly maxAttributes: number;
  /** Direct child elements. */
  readonly maxChildren: number;
  /** All elements, at any depth: each costs an allocation or two in every reader. */
  readonly maxElements: number;
}

export const DEFAULT_XML_LIMITS: XmlLimits = {
  maxBytes: 262_144,
  maxDepth: 32,
  maxAttributes: 64,
  maxChildren: 1000,
  maxElements: 10_000,
};

/** An attribute that is no namespace declaration: its name as written, its value unescaped. */
export interface ScannedAttribute {
  readonly name: string;
  readonly value: string;
}

/** A direct child element: local name, namespace, and where it stands in the parent's content. */
export interface ScannedChild {
  readonly name: string;
  readonly ns: string;
  readonly start: number;
  readonly end: number;
}

/** One element that obeys RFC 6120 section 11 and XML namespaces, not built into a tree. */
export interface ScannedElement {
  /** Local name. */
  readonly name: string;
  readonly ns: string;
  readonly attributes: readonly ScannedAttribute[];
  /** Exactly this element's source. Of a stream header: its start tag. */
  readonly text: string;
  /** `text.slice(innerStart, innerEnd)` is the content. Both are equal when there is none. */
  readonly innerStart: number;
  readonly innerEnd: number;
  readonly children: readonly ScannedChild[];
  /**
   * True when no element and no attribute has a prefix except `xml:`. The inner text then means the same in any place
   * with the same default namespace.
   */
  readonly plain: boolean;
  /** Namespaces declared outside the text, by prefix; "" is the default namespace. */
  readonly inherited?: ReadonlyMap<string, string> | undefined;
}

/** The text between the tags; the offsets of children refer to it. */
export function contentOf({ text, innerStart, innerEnd }: ScannedElement): string {
  return text.slice(innerStart, innerEnd);
}

/** The value of the attribute with this name, as written (`xml:lang`). */
export function attribute(element: ScannedElement, name: string): string | undefined {
  for (const item of element.attributes) if (item.name === name) return item.value;
  return undefined;
}
