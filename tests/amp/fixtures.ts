import { validateRule } from "../../amp/read.ts";
import type { Action, Rule } from "../../amp/rule.ts";
import { NS } from "../../xmpp/ns.ts";
import { Element } from "../../xmpp/xml/element.ts";

export const DAY = 86_400_000;
export const NOON = Date.UTC(2026, 10, 22, 12);
export const PAST = "2026-11-22T11:59:59Z";
export const FUTURE = "2026-11-22T12:00:01Z";

/** `rule("notify deliver direct")`: action, condition, value. Throws when it is no valid rule. */
export function rule(text: string): Rule {
  const [action, condition, value] = text.split(" ") as [Action, string, string];
  const judged = validateRule({ action, condition, value });
  if (typeof judged === "string") throw new Error(`Cannot use rule "${text}": ${judged}`);
  return judged;
}

export const rules = (...texts: string[]): Rule[] => texts.map(rule);

export const ampText = (inner: string, attributes = ""): string => `<amp xmlns='${NS.AMP}'${attributes}>${inner}</amp>`;

/** A plain tree for comparison: attribute order and white space between elements do not count. */
export function tree(xml: string | Element): unknown {
  const element = typeof xml === "string" ? Element.parse(xml.trim(), NS.CLIENT) : xml;
  const children = element.children
    .filter((child) => typeof child !== "string" || child.trim() !== "")
    .map((child) => (typeof child === "string" ? child : tree(child)));
  return { name: element.name, ns: element.ns, attributes: { ...element.attributes }, children };
}
