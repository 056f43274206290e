import { NS } from "../../xmpp/ns.ts";
import { Element } from "../../xmpp/xml/element.ts";
import { escapeXml } from "../../xmpp/xml/xml.ts";

/** An element as a specification prints it: indented, the namespace where it changes. */
export function showXml(element: Element, outerNs: string = NS.CLIENT, indent = ""): string {
  const ns = element.ns === outerNs ? [] : [`xmlns="${element.ns}"`];
  const attributes = Object.entries(element.attributes).map(([name, value]) => `${name}="${escapeXml(value)}"`);
  const start = `${indent}<${[element.name, ...ns, ...attributes].join(" ")}`;
  const children = element.children.filter((child) => typeof child !== "string" || child.trim() !== "");
  if (children.length === 0) return `${start}/>`;
  if (children.every((child) => typeof child === "string")) {
    return `${start}>${escapeXml(children.join("").trim())}</${element.name}>`;
  }
  const inner = children.map((child) =>
    child instanceof Element ? showXml(child, element.ns, `${indent}  `) : `${indent}  ${escapeXml(child.trim())}`,
  );
  return `${start}>\n${inner.join("\n")}\n${indent}</${element.name}>`;
}
