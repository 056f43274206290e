import { escapeAttribute, escapeXml } from "./escape.ts";
import { NamespaceScope } from "./namespace_scope.ts";
import { TreeReader } from "./tree_reader.ts";

/**
 * An immutable XML tree, for payloads whose content is read. A child is always looked up by name and namespace.
 * Attributes are keyed by their name as written. One in a foreign namespace keeps its prefix, and the element then
 * carries the `xmlns:prefix` declaration too, so that the tree is complete without its surroundings.
 */
export class Element {
  readonly name: string;
  readonly ns: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: readonly (Element | string)[];

  constructor(
    name: string,
    ns: string,
    attributes: Readonly<Record<string, string>> = {},
    children: readonly (Element | string)[] = [],
  ) {
    this.name = name;
    this.ns = ns;
    this.attributes = attributes;
    this.children = children;
  }

  /**
   * Reads one element that the scanner has accepted.
   * @param defaultNs namespace of unprefixed names that declare none
   * @param inherited prefixes declared outside the text
   * @throws Error when its tags do not form one element
   */
  static parse(text: string, defaultNs = "", inherited?: ReadonlyMap<string, string>): Element {
    const scope = NamespaceScope.outermost(inherited);
    return new TreeReader(text, makeElement).read(inherited?.has("") ? scope : scope.withDefault(defaultNs));
  }

  attr(name: string): string | undefined {
    return Object.hasOwn(this.attributes, name) ? this.attributes[name] : undefined;
  }

  /** The first child element with this name and namespace. */
  child(name: string, ns: string): Element | undefined {
    for (const child of this.children) {
      if (typeof child !== "string" && child.name === name && child.ns === ns) return child;
    }
    return undefined;
  }

  childrenNamed(name: string, ns: string): Element[] {
    return this.elements.filter((child) => child.name === name && child.ns === ns);
  }

  get elements(): readonly Element[] {
    return this.children.filter((child) => typeof child !== "string");
  }

  /** All direct character data, joined. */
  get text(): string {
    let text = "";
    for (const child of this.children) if (typeof child === "string") text += child;
    return text;
  }

  /**
   * XML with a default `xmlns` on every change of namespace. @param parentNs the default namespace of the place where
   * the text goes
   */
  toString(parentNs?: string): string {
    let text = `<${this.name}`;
    if (this.ns !== parentNs) text += ` xmlns="${escapeAttribute(this.ns)}"`;
    for (const name of Object.keys(this.attributes)) text += ` ${name}="${escapeAttribute(this.attributes[name]!)}"`;
    if (this.children.length === 0) return `${text}/>`;
    text += ">";
    for (const child of this.children) text += typeof child === "string" ? escapeXml(child) : child.toString(this.ns);
    return `${text}</${this.name}>`;
  }
}

function makeElement(
  name: string,
  ns: string,
  attributes: Readonly<Record<string, string>>,
  children: readonly (Element | string)[],
): Element {
  return new Element(name, ns, attributes, children);
}
