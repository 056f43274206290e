/** Stanzas held against patterns: a pattern mentions what has to be there, whatever else may be. @module */
import { NS } from "../../xmpp/ns.ts";
import type { Element } from "../../xmpp/xml/element.ts";

/** Attribute values and text with a meaning of their own. */
export const ANY = "{any}";
export const ABSENT = "{absent}";

export interface MatchOptions {
  /**
   * Nothing may be there that the pattern does not mention, but the `<stanza-id/>` that the receiver's server adds, and the text of
   * an error, which is for people.
   */
  readonly exact?: boolean;
}

/**
 * Why the element does not match, or undefined where it does. Name and namespace must be equal; attributes of the pattern
 * must be there with that value (`{any}`: with some value, `{absent}`: must not be there); each child of the pattern must
 * match another child of the element, in any order; text of the pattern must be the element's text.
 */
export function mismatch(element: Element, pattern: Element, options: MatchOptions = {}): string | undefined {
  if (element.name !== pattern.name || element.ns !== pattern.ns) {
    return `it is <${element.name} xmlns="${element.ns}">, not <${pattern.name} xmlns="${pattern.ns}">`;
  }
  return (
    attributeMismatch(element, pattern, options) ??
    textMismatch(element, pattern) ??
    childMismatch(element, pattern, options)
  );
}

function attributeMismatch(element: Element, pattern: Element, { exact }: MatchOptions): string | undefined {
  for (const [name, wanted] of Object.entries(pattern.attributes)) {
    const value = element.attr(name);
    const matches = wanted === ABSENT ? value === undefined : wanted === ANY ? value !== undefined : value === wanted;
    if (!matches) return `${name} of <${element.name}> is ${show(value)}, not ${show(wanted)}`;
  }
  const extra = exact && Object.keys(element.attributes).find((name) => pattern.attr(name) === undefined);
  return extra ? `<${element.name}> has an attribute ${extra}` : undefined;
}

function textMismatch(element: Element, pattern: Element): string | undefined {
  const wanted = pattern.text.trim();
  if (wanted === "" || wanted === ANY || element.text.trim() === wanted) return undefined;
  return `the text of <${element.name}> is ${show(element.text)}, not ${show(wanted)}`;
}

function childMismatch(element: Element, pattern: Element, options: MatchOptions): string | undefined {
  const rest = [...element.elements];
  for (const wanted of pattern.elements) {
    const at = rest.findIndex((child) => mismatch(child, wanted, options) === undefined);
    if (at < 0) return explainMissing(rest, wanted, options);
    rest.splice(at, 1);
  }
  const extra = rest.find((child) => !isAdded(child));
  return options.exact && extra !== undefined ? `there is a child ${extra}` : undefined;
}

function isAdded({ name, ns }: Element): boolean {
  return (name === "stanza-id" && ns === NS.SID) || (name === "text" && ns === NS.STANZAS);
}

function explainMissing(rest: readonly Element[], wanted: Element, options: MatchOptions): string {
  const [like, ...others] = rest.filter(({ name, ns }) => name === wanted.name && ns === wanted.ns);
  const reason = like !== undefined && others.length === 0 ? mismatch(like, wanted, options) : undefined;
  return reason ?? `no child matches ${wanted}`;
}

function show(value: string | undefined): string {
  return value === undefined ? "absent" : JSON.stringify(value);
}
