import { isXmlChar } from "./chars.ts";

const ENTITIES: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };

/** The character that the reference `&name;` stands for, or undefined when there is none. */
export function dereference(name: string): string | undefined {
  if (name.charCodeAt(0) !== 0x23) return Object.hasOwn(ENTITIES, name) ? ENTITIES[name] : undefined;
  const match = /^#(?:x([0-9A-Fa-f]+)|([0-9]+))$/.exec(name);
  if (match === null) return undefined;
  const code = match[1] === undefined ? Number(match[2]) : Number.parseInt(match[1], 16);
  return isXmlChar(code) ? String.fromCodePoint(code) : undefined;
}

/** Attribute-value normalisation, XML 1.0 section 3.3.3, of a value that has been checked: white space becomes spaces, references are resolved. */
export function normalised(value: string): string {
  if (!/[&\t\r\n]/.test(value)) return value;
  return value.replace(/\r\n|[\t\r\n]|&([^;]*);/g, (_all, name?: string) =>
    name === undefined ? " " : dereference(name)!,
  );
}

/** Checked text, with line ends normalised (XML 1.0 section 2.11) and references resolved. */
export function characterData(text: string): string {
  if (!text.includes("&")) return lineEnds(text);
  return text.replace(/\r\n?|&([^;]*);/g, (_all, name?: string) => (name === undefined ? "\n" : dereference(name)!));
}

/** XML 1.1 would change U+0085 and U+2028 too, in people's messages. */
export function lineEnds(text: string): string {
  return text.includes("\r") ? text.replace(/\r\n?/g, "\n") : text;
}
