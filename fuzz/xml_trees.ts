/** One tree from several parsers, in one form that can be compared: names, namespaces, attributes and joined text. @module */
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

/** @throws Error where xmldom refuses the text */
export function elementTree(element: Element): string {
  const attributes = Object.entries(element.attributes).filter(([name]) => !XMLNS.test(name));
  const parts = element.children.map((child) =>
    child instanceof Element ? elementTree(child) : JSON.stringify([...child]).slice(1, -1),
  );
  return node({ head: head(element.name, element.ns, attributes), parts });
}

function head(name: string, ns: string, attributes: readonly [string, string][]): string {
  // saxes trims the names of namespaces, which XML Names compares as they are written.
  return JSON.stringify([name, ns.trim(), [...attributes].sort(([a], [b]) => (a < b ? -1 : 1))]);
}

function node({ head: start, parts }: Open): string {
  return `(${start}${parts.filter((part) => part !== "").join(",")})`;
}
