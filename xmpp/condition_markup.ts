import { type Markup, raw, xml } from "./xml/xml.ts";

/** The defined condition and its text, which stand in the same namespace. */
export function conditionMarkup(condition: string, ns: string, text: string | undefined, content?: string): Markup {
  const name = raw(condition);
  const inside =
    content === undefined ? xml`<${name} xmlns="${ns}"/>` : xml`<${name} xmlns="${ns}">${content}</${name}>`;
  return text === undefined ? inside : xml`${inside}<text xmlns="${ns}" xml:lang="en">${text}</text>`;
}
