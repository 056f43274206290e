import type { BoundNamespace, NamespaceScope } from "../namespace_scope.ts";
import { failAt, sameAt } from "./characters.ts";

/** More attributes than this are compared by a set: comparing each with each takes quadratic time. */
const FEW = 8;
const NO_NAMES: Set<string> = new Set();

/** The names of the attributes of one start tag, as places in its text. No name may come twice. */
export class AttributeNames {
  readonly #max: number;
  /** Triples: start, colon or -1, end. */
  readonly #places: number[] = [];
  #many: Set<string> = NO_NAMES;

  constructor(max: number) {
    this.#max = max;
  }

  clear(): void {
    this.#places.length = 0;
  }

  /** Throws XmlError: there are too many, or it comes twice. */
  add(text: string, start: number, colon: number, end: number): void {
    const places = this.#places;
    const count = places.length;
    if (count >= 3 * this.#max) failAt(start, "policy-violation", "too many attributes");
    if (count > 3 * FEW) {
      this.#addToMany(text, start, end);
    } else {
      for (let i = 0; i < count; i += 3) {
        const other = places[i]!;
        if (places[i + 2]! - other === end - start && sameAt(text, other, start, end - start)) failTwice(start);
      }
    }
    places[count] = start;
    places[count + 1] = colon;
    places[count + 2] = end;
  }

  #addToMany(text: string, start: number, end: number): void {
    const places = this.#places;
    if (places.length === 3 * (FEW + 1)) {
      this.#many = new Set();
      for (let i = 0; i < places.length; i += 3) this.#many.add(text.slice(places[i], places[i + 2]));
    }
    const size = this.#many.size;
    if (this.#many.add(text.slice(start, end)).size === size) failTwice(start);
  }

  /**
   * Namespaces in XML 1.0, section 6.3: two prefixes may stand for one namespace. Namespaces are compared by identity,
   * since one of them may be long and have many attributes. Throws XmlError.
   */
  checkExpanded(text: string, scope: NamespaceScope): void {
    const places = this.#places;
    const seen = new Map<string, Set<BoundNamespace>>();
    for (let i = 0; i < places.length; i += 3) {
      const start = places[i]!;
      const colon = places[i + 1]!;
      if (colon < 0) continue;
      const prefix = text.slice(start, colon);
      // Declarations have no namespace to compare, and no other prefix stands for that of xml.
      if (prefix === "xmlns" || prefix === "xml") continue;
      const bound = resolve(scope, prefix, start);
      const local = text.slice(colon + 1, places[i + 2]);
      const others = seen.get(local);
      if (others === undefined) seen.set(local, new Set([bound]));
      else if (others.has(bound)) failTwice(start);
      else others.add(bound);
    }
  }
}

export function resolve(scope: NamespaceScope, prefix: string, pos: number): BoundNamespace {
  return scope.lookup(prefix) ?? failAt(pos, "bad-namespace-prefix", `the prefix ${prefix} is not declared`);
}

function failTwice(pos: number): never {
  failAt(pos, "not-well-formed", "an attribute is given twice");
}
