import * as fc from "fast-check";
import { Element } from "../../../xmpp/xml/element.ts";
import { escapeAttribute, escapeXml } from "../../../xmpp/xml/escape.ts";

/** One way to write an XML document, and the tree that it must be read to. */
export interface Written {
  readonly text: string;
  readonly element: Element;
}

const names = fc.constantFrom("message", "body", "x", "a-b", "é", "_1", "n.2", "漢字", "a\u{10400}");
const namespaces = fc.constantFrom("", "jabber:client", "urn:a", "urn:b?x=1&y=2", "http://jabber.org/protocol/amp");
const prefixes = fc.constantFrom("", "", "p", "q");
const characters = fc.constantFrom(
  ..."ab <>&\"';]\t\n\r\u0085\u00a0\u2028\ufffdé漢".split(""),
  "😀",
  "]]>",
  "&amp;",
  "{}",
);
export const texts = fc.array(characters, { maxLength: 8 }).map((parts) => parts.join(""));

type Scope = Readonly<Record<string, string>>;

interface Model {
  readonly name: string;
  readonly prefix: string;
  readonly ns: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly foreign: readonly [string, string][];
  readonly children: readonly (Model | Run)[];
  readonly style: number;
}

interface Run {
  readonly text: string;
  readonly form: "escaped" | "cdata" | "decimal" | "hexadecimal";
}

const runs: fc.Arbitrary<Run> = fc.record({
  text: texts,
  form: fc.constantFrom("escaped", "cdata", "decimal", "hexadecimal"),
});

const { model } = fc.letrec<{ model: Model }>((tie) => ({
  model: fc.record({
    name: names,
    prefix: prefixes,
    ns: namespaces,
    attributes: fc.dictionary(fc.constantFrom("to", "from", "id", "xml:lang", "né"), texts, { maxKeys: 3 }),
    foreign: fc.array(fc.tuple(fc.constantFrom("k", "l"), texts), { maxLength: 1 }),
    children: fc.array(fc.oneof({ depthSize: "small", maxDepth: 4 }, runs, tie("model")), { maxLength: 4 }),
    style: fc.nat(7),
  }),
}));

/** Documents in all the ways of writing that XML leaves open: prefixes, quotes, references, CDATA, white space. */
export const documents: fc.Arbitrary<Written> = model.map((root) => ({
  text: write(root, { "": "" }),
  element: tree(root),
}));

/** Documents without prefixes. */
export const plainDocuments: fc.Arbitrary<Written> = model.map((root) => {
  const plain = withoutPrefixes(root);
  return { text: write(plain, { "": "" }), element: tree(plain) };
});

function withoutPrefixes(node: Model): Model {
  const children = node.children.map((child) => ("form" in child ? child : withoutPrefixes(child)));
  return { ...node, prefix: "", foreign: [], children };
}

function write(node: Model, outer: Scope): string {
  const scope: Record<string, string> = { ...outer };
  const prefix = node.ns === "" ? "" : node.prefix;
  const quote = node.style & 1 ? '"' : "'";
  const parts: string[] = [];
  const put = (name: string, value: string) => parts.push(`${name}=${quote}${escapeAttribute(value)}${quote}`);
  if (scope[prefix] !== node.ns) {
    put(prefix === "" ? "xmlns" : `xmlns:${prefix}`, node.ns);
    scope[prefix] = node.ns;
  }
  for (const [name, value] of Object.entries(node.attributes)) put(name, value);
  for (const [name, value] of node.foreign) {
    if (scope.f === undefined) put("xmlns:f", "urn:foreign");
    scope.f = "urn:foreign";
    put(`f:${name}`, value);
  }
  if (node.style & 2) parts.reverse();
  const space = node.style & 4 ? "\n\t" : " ";
  const name = prefix === "" ? node.name : `${prefix}:${node.name}`;
  const start = `<${[name, ...parts].join(space)}`;
  const inner = node.children.map((child) => ("form" in child ? writeRun(child) : write(child, scope))).join("");
  return inner === "" && node.style & 2 ? `${start}/>` : `${start}>${inner}</${name}${node.style & 4 ? " " : ""}>`;
}

function writeRun({ text, form }: Run): string {
  if (form === "cdata") return `<![CDATA[${text.replaceAll("]]>", "]]]]><![CDATA[>").replaceAll("\r", "")}]]>`;
  if (form === "escaped") return escapeXml(text);
  return Array.from(text, (char) => {
    const code = char.codePointAt(0)!;
    return form === "decimal" ? `&#${code};` : `&#x${code.toString(16)};`;
  }).join("");
}

function tree(node: Model): Element {
  const attributes: Record<string, string> = { ...node.attributes };
  for (const [name, value] of node.foreign) {
    attributes["xmlns:f"] = "urn:foreign";
    attributes[`f:${name}`] = value;
  }
  const children: (Element | string)[] = [];
  for (const child of node.children) {
    const next =
      "form" in child ? (child.form === "cdata" ? child.text.replaceAll("\r", "") : child.text) : tree(child);
    const last = children.at(-1);
    if (typeof next === "string" && typeof last === "string") children[children.length - 1] = last + next;
    else if (next !== "") children.push(next);
  }
  return new Element(node.name, node.ns, attributes, children);
}

/** The text after these changes, one after the other. */
export function spoilt(
  text: string,
  edits: readonly (readonly [at: number, removed: number, added: string])[],
): string {
  let result = text;
  for (const [at, removed, added] of edits) {
    const from = at % (result.length + 1);
    result = result.slice(0, from) + added + result.slice(from + removed);
  }
  return result;
}
