import { Element } from "./element.ts";
import { escapeAttribute, escapeXml } from "./escape.ts";

export { escapeAttribute, escapeXml } from "./escape.ts";

/** Text that is well-formed XML content: the result of the `xml` template. */
export class Markup {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  toString(): string {
    return this.text;
  }
}

/**
 * A value in an `xml` template: text and numbers are escaped, markup is inserted as it is, `undefined`, `null` and
 * `false` write nothing.
 */
export type XmlValue = string | number | Markup | Element | readonly XmlValue[] | undefined | null | false;

/** The literal parts of one template, without indentation, and whether the value after each stands in quotes. */
interface Template {
  readonly parts: readonly string[];
  readonly quoted: readonly boolean[];
}

const templates = new WeakMap<TemplateStringsArray, Template>();

/**
 * Writes XML. Every string is escaped, so that code reads like the examples of a XEP:
 * ``xml`<ping xmlns="${NS.PING}" to="${to}"/>` ``. White space between tags is left out.
 */
export function xml(strings: TemplateStringsArray, ...values: XmlValue[]): Markup {
  let template = templates.get(strings);
  if (template === undefined) {
    template = cleaned(strings);
    templates.set(strings, template);
  }
  const { parts, quoted } = template;
  let text = parts[0]!;
  // One piece for each value: the engine joins pieces one by one when the text is sent.
  for (let i = 0; i < values.length; i++) {
    const value = values[i];
    const piece = value instanceof Markup ? value.text : written(value, quoted[i]!);
    text = `${text}${piece}${parts[i + 1]!}`;
  }
  return new Markup(text);
}

/** ` name="value"` with a leading space, or nothing: for optional attributes. */
export function attr(name: string, value: string | number | undefined): Markup {
  return value === undefined ? NOTHING : new Markup(` ${name}="${escapeAttribute(String(value))}"`);
}

/** Text that is known to be well-formed XML content. */
export function raw(text: string): Markup {
  return new Markup(text);
}

const NOTHING = new Markup("");

function written(value: XmlValue, quoted: boolean): string {
  if (value instanceof Markup) return value.text;
  if (typeof value === "string") return quoted ? escapeAttribute(value) : escapeXml(value);
  if (value === undefined || value === null || value === false) return "";
  if (typeof value === "number") return String(value);
  if (value instanceof Element) return value.toString();
  let text = "";
  for (const item of value) text += written(item, quoted);
  return text;
}

/** The parser's place in the template, carried from one literal part to the next. */
type Place = "text" | "tag" | '"' | "'";

function cleaned(strings: TemplateStringsArray): Template {
  const parts: string[] = [];
  const quoted: boolean[] = [];
  let place: Place = "text";
  for (let i = 0; i < strings.length; i++) {
    const part = cleanPart(strings[i]!, place, i === 0, i === strings.length - 1);
    place = part.place;
    parts.push(part.text);
    quoted.push(place === '"' || place === "'");
  }
  return { parts, quoted };
}

function cleanPart(literal: string, place: Place, first: boolean, last: boolean): { text: string; place: Place } {
  let text = "";
  let start = 0;
  while (start < literal.length) {
    const end = segmentEnd(literal, start, place);
    const segment = literal.slice(start, end);
    if (place === "text") {
      const edges = (start > 0 || first) && (end < literal.length || last);
      text += isIndentation(segment, edges) ? "" : segment;
      place = end < literal.length ? "tag" : "text";
    } else if (place === "tag") {
      text += segment.replace(/\s*\n\s*/g, " ").replace(/ (?=\/?>$)/, "");
      const close = segment.at(-1);
      if (close === ">") place = "text";
      else if (close === '"' || close === "'") place = close;
    } else {
      text += segment;
      if (segment.endsWith(place)) place = "tag";
    }
    start = end;
  }
  return { text, place };
}

/** Text runs up to the next `<`; a tag up to and with the next quote or `>`; a quoted value with its closing quote. */
function segmentEnd(literal: string, start: number, place: Place): number {
  if (place === "text") {
    const next = literal.indexOf("<", start);
    return next < 0 ? literal.length : next;
  }
  for (let i = start; i < literal.length; i++) {
    const char = literal[i];
    if (place === "tag" ? char === '"' || char === "'" || char === ">" : char === place) return i + 1;
  }
  return literal.length;
}

/** Next to a value, white space may be meant ("${first} ${last}"), unless it breaks the line. */
function isIndentation(segment: string, betweenTags: boolean): boolean {
  return segment.trim() === "" && (betweenTags || segment.includes("\n"));
}
