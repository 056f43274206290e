import { ownCopy } from "../own_copy.ts";
import { Learning } from "./learning.ts";

/** A power of two. */
const PLACES = 64;
/** So many others may come in the place of one that is known; then it is not looked for until the next is learnt. */
const PATIENCE = 4;

/** A child element that was read: its source, the default namespace around it, and what it is. */
class KnownChild extends Learning {
  text = "";
  outer = "";
  name = "";
  ns = "";
  patience = 0;
}

/**
 * Child elements of calm messages that come again and again, whoever sends them: the rules, receipts and chat states of one
 * application. The same source in the same namespace is the same element, so the next one is compared, not read. What every
 * message has of its own, such as `<body/>`, is not looked for here: it has no namespace of its own. Nothing is kept of other
 * stanzas, in which passwords may stand.
 */
export class ChildMemory {
  /** By the first letters of the name. */
  readonly #places: (KnownChild | undefined)[] = Array.from({ length: PLACES }, () => undefined);

  /** The element whose source stands at `start`; undefined where it is not known. */
  find(text: string, start: number, outer: string): KnownChild | undefined {
    const known = this.#places[placeOf(text, start)];
    if (known === undefined || known.patience === 0) return undefined;
    if (!text.startsWith(known.text, start) || known.outer !== outer) {
      known.patience--;
      return undefined;
    }
    known.patience = PATIENCE;
    known.helped();
    return known;
  }

  /** An element with a namespace of its own, which was not known, has been read. */
  read(text: string, start: number, end: number, outer: string, name: string, ns: string): void {
    const place = placeOf(text, start);
    this.#places[place] ??= new KnownChild();
    const known = this.#places[place];
    if (known.wants(end - start)) keep(known, text.slice(start, end), outer, name, ns);
  }
}

function keep(known: KnownChild, text: string, outer: string, name: string, ns: string): void {
  known.patience = PATIENCE;
  known.text = ownCopy(text);
  known.outer = ownCopy(outer);
  known.name = ownCopy(name);
  known.ns = ownCopy(ns);
}

function placeOf(text: string, start: number): number {
  return (text.charCodeAt(start + 1) * 7 + text.charCodeAt(start + 2)) & (PLACES - 1);
}
