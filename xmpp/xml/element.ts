import { DOMParser, type Node, type Element as XmldomElement } from "@xmldom/xmldom";
import { NS } from "../ns.ts";
import { escapeAttribute, escapeXml } from "./escape.ts";

const ELEMENT_NODE = 1;
const TEXT_NODE = 3;
const CDATA_NODE = 4;

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
   * @throws Error when the text is not well-formed
   */
  static parse(text: string, defaultNs = "", inherited?: ReadonlyMap<string, string>): Element {
    const xmlns: Record<string, string> = inherited === undefined ? {} : Object.fromEntries(inherited);
    xmlns[""] = inherited?.get("") ?? defaultNs;
    const parser = new DOMParser({ xmlns, locator: false, onError, normalizeLineEndings });
    const root = parser.parseFromString(text, "text/xml").documentElement;
    if (root === null) throw new Error("Cannot parse XML: no element");
    return fromDom(root);
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

function onError(level: string, message: string): void {
  // xmldom warns of U+FFFD, which is a character like any other.
  if (level !== "warning") throw new Error(`Cannot parse XML: ${level}: ${message}`);
}

// xmldom's own follows XML 1.1, which would change U+0085, U+2028 and U+2029 in messages.
function normalizeLineEndings(text: string): string {
  return text.includes("\r") ? text.replace(/\r\n?/g, "\n") : text;
}

function fromDom(node: XmldomElement): Element {
  const children: (Element | string)[] = [];
  for (let child: Node | null = node.firstChild; child !== null; child = child.nextSibling) {
    if (child.nodeType === ELEMENT_NODE) {
      children.push(fromDom(child as XmldomElement));
    } else if (child.nodeType === TEXT_NODE || child.nodeType === CDATA_NODE) {
      appendText(children, child.nodeValue ?? "");
    }
  }
  return new Element(node.localName ?? node.nodeName, node.namespaceURI ?? "", domAttributes(node), children);
}

function appendText(children: (Element | string)[], text: string): void {
  const last = children.at(-1);
  if (typeof last === "string") children[children.length - 1] = last + text;
  else if (text !== "") children.push(text);
}

function domAttributes(node: XmldomElement): Record<string, string> {
  const attributes: [name: string, value: string][] = [];
  for (const attribute of node.attributes) {
    if (attribute.namespaceURI === NS.XMLNS) continue;
    const { prefix } = attribute;
    if (prefix !== null && prefix !== "xml") attributes.push([`xmlns:${prefix}`, attribute.namespaceURI ?? ""]);
    attributes.push([attribute.name, attribute.value]);
  }
  // Also a name such as __proto__ is a key of its own here.
  return Object.fromEntries(attributes);
}
