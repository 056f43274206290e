/** One tree from several parsers, in one form that can be compared: names, namespaces, attributes and joined text. @module */
import { DOMParser, type Element as DomElement, type Node } from "@xmldom/xmldom";
import { SaxesParser } from "saxes";
import { Element } from "../xmpp/xml/element.ts";

const XMLNS = /^xmlns(:|$)/;

interface Open {
  readonly head: string;
  readonly parts: string[];
}

/** @throws Error where the parser refuses the text */
export function saxesTree(text: string): string {
  const open: Open[] = [{ head: "", parts: [] }];
  const parser = new SaxesParser({ xmlns: true });
  parser.on("error", (error) => {
    throw error;
  });
  parser.on("opentag", ({ local, uri, attributes }) => {
    const kept = Object.values(attributes).filter(({ name }) => !XMLNS.test(name));
    const values = kept.map(({ name, value }): [string, string] => [name, value]);
    open.push({ head: head(local, uri, values), parts: [] });
  });
  const text_ = (value: string) => void open.at(-1)!.parts.push(JSON.stringify([...value]).slice(1, -1));
  parser.on("text", text_);
  parser.on("cdata", text_);
  parser.on("closetag", () => {
    const closed = open.pop()!;
    open.at(-1)!.parts.push(node(closed));
  });
  parser.write(text).close();
  return open[0]!.parts.filter((part) => part.startsWith("(")).join("");
}

const TEXT_NODE = 3;
const CDATA_NODE = 4;

/** @throws Error where the parser refuses the text */
export function xmldomTree(text: string): string {
  const parser = new DOMParser({
    locator: false,
    onError,
    normalizeLineEndings: (source) => source.replace(/\r\n?/g, "\n"),
  });
  return domTree(parser.parseFromString(text, "text/xml").documentElement!);
}

function domTree(element: DomElement): string {
  const kept = [...element.attributes].filter(({ name }) => !XMLNS.test(name));
  const values = kept.map(({ name, value }): [string, string] => [name, value]);
  const parts: string[] = [];
  for (let child: Node | null = element.firstChild; child !== null; child = child.nextSibling) {
    const isText = child.nodeType === TEXT_NODE || child.nodeType === CDATA_NODE;
    parts.push(isText ? JSON.stringify([...child.nodeValue!]).slice(1, -1) : domTree(child as DomElement));
  }
  return node({ head: head(element.localName!, element.namespaceURI ?? "", values), parts });
}

function onError(level: string, message: string): void {
  // It warns of U+FFFD, which is a character like any other.
  if (level !== "warning") throw new Error(`${level}: ${message}`);
}

export function elementTree(element: Element): string {
  const attributes = Object.entries(element.attributes).filter(([name]) => !XMLNS.test(name));
  const parts = element.children.map((child) =>
    child instanceof Element ? elementTree(child) : JSON.stringify([...child]).slice(1, -1),
  );
  return node({ head: head(element.name, element.ns, attributes), parts });
}

function head(name: string, ns: string, attributes: readonly [string, string][]): string {
  // saxes trims the names of namespaces, which XML Names compares as they are written, and loses an attribute __proto__.
  const known = attributes.filter(([name]) => name !== "__proto__");
  return JSON.stringify([name, ns.trim(), known.sort(([a], [b]) => (a < b ? -1 : 1))]);
}

function node({ head: start, parts }: Open): string {
  return `(${start}${parts.filter((part) => part !== "").join(",")})`;
}
