import { NS } from "../ns.ts";

/**
 * In UTF-16 units. An element that is written apart from its surroundings repeats its namespaces: a long namespace would be
 * written once for each element.
 */
export const MAX_NAMESPACE_LENGTH = 256;

/** All elements of a stream share the scope outside of them. */
const outermost = new WeakMap<ReadonlyMap<string, string>, NamespaceScope>();

/** A namespace that a prefix stands for. Within one scope there is one object for each namespace. */
export interface BoundNamespace {
  readonly ns: string;
}

const UNBOUND: BoundNamespace = { ns: "" };

/** The namespaces in scope at one place in a document: an immutable list, newest declaration first. */
export class NamespaceScope {
  /** Namespace of unprefixed elements; "" when there is none. */
  readonly defaultNs: string;
  /** Number of prefixes declared here and around. */
  readonly size: number;
  readonly #prefix: string;
  readonly #bound: BoundNamespace;
  readonly #outer: NamespaceScope | undefined;

  private constructor(defaultNs: string, prefix: string, bound: BoundNamespace, outer: NamespaceScope | undefined) {
    this.defaultNs = defaultNs;
    this.#prefix = prefix;
    this.#bound = bound;
    this.#outer = outer;
    this.size = outer === undefined ? 0 : outer.size + 1;
  }

  static readonly EMPTY = new NamespaceScope("", "", UNBOUND, undefined);
  /** That of most messages. */
  static readonly #CLIENT = new NamespaceScope(NS.CLIENT, "", UNBOUND, undefined);

  /** The scope outside all elements. */
  static outermost(inherited: ReadonlyMap<string, string> | undefined): NamespaceScope {
    if (inherited === undefined) return NamespaceScope.EMPTY;
    let scope = outermost.get(inherited);
    if (scope === undefined) {
      scope = NamespaceScope.#of(inherited);
      outermost.set(inherited, scope);
    }
    return scope;
  }

  static #of(namespaces: ReadonlyMap<string, string>): NamespaceScope {
    let scope = NamespaceScope.EMPTY.withDefault(namespaces.get("") ?? "");
    for (const [prefix, ns] of namespaces) if (prefix !== "") scope = scope.withPrefix(prefix, ns);
    return scope;
  }

  withDefault(ns: string): NamespaceScope {
    if (ns === this.defaultNs) return this;
    if (this.#outer !== undefined) return new NamespaceScope(ns, this.#prefix, this.#bound, this.#outer);
    return ns === NS.CLIENT ? NamespaceScope.#CLIENT : new NamespaceScope(ns, "", UNBOUND, undefined);
  }

  withPrefix(prefix: string, ns: string): NamespaceScope {
    return new NamespaceScope(this.defaultNs, prefix, this.#find(ns) ?? { ns }, this);
  }

  /** The namespace bound to a prefix that is not empty; to compare two of one scope, compare the objects. */
  lookup(prefix: string): BoundNamespace | undefined {
    let scope: NamespaceScope = this;
    while (scope.#outer !== undefined) {
      if (scope.#prefix === prefix) return scope.#bound;
      scope = scope.#outer;
    }
    return undefined;
  }

  // Called for each declaration, so the cost of the comparisons is bounded by the text that was sent.
  #find(ns: string): BoundNamespace | undefined {
    let scope: NamespaceScope = this;
    while (scope.#outer !== undefined) {
      if (scope.#bound.ns === ns) return scope.#bound;
      scope = scope.#outer;
    }
    return undefined;
  }

  /** Every namespace in scope by its prefix; "" is the default namespace. */
  toMap(): ReadonlyMap<string, string> {
    const map = new Map([["", this.defaultNs]]);
    for (let scope: NamespaceScope = this; scope.#outer !== undefined; scope = scope.#outer) {
      if (!map.has(scope.#prefix)) map.set(scope.#prefix, scope.#bound.ns);
    }
    return map;
  }
}
