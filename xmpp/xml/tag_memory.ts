import { Learning } from "./learning.ts";
import type { ScannedAttribute, ScannedElement } from "./scanned_element.ts";

/** Of other elements there are too few alike. */
export const MESSAGE = "message";

/** A start tag as it was read, and where the value of its `id` stands in it. */
export interface ReadTag {
  readonly text: string;
  /** The default namespace around it, and inside. */
  readonly outer: string;
  readonly space: string;
  readonly isEmpty: boolean;
  readonly attributes: readonly ScannedAttribute[];
  readonly idStart: number;
  readonly idEnd: number;
}

/**
 * A start tag that came in a stream. Of one conversation all are alike but for the id, so that the next one is compared with it,
 * which the engine does for many characters at a time, and not read anew.
 */
export class TagMemory extends Learning {
  #head = "";
  #quote = "";
  #tail = "";
  #outer = "";
  #attributes: readonly ScannedAttribute[] = [];
  #idAt = -1;
  /** What holds inside that element. */
  space = "";
  isEmpty = false;
  /** Where the id stood that was found last. */
  #idStart = 0;
  #idEnd = 0;

  /**
   * Where the tag at `start` of a calm text ends, but for a `<` in its id, that is like the one kept; -1: it is not like it.
   */
  find(text: string, start: number, outer: string): number {
    if (this.#idAt < 0 || outer !== this.#outer || !text.startsWith(this.#head, start)) return -1;
    const idStart = start + this.#head.length;
    const idEnd = text.indexOf(this.#quote, idStart);
    if (idEnd < 0 || !text.startsWith(this.#tail, idEnd)) return -1;
    this.#idStart = idStart;
    this.#idEnd = idEnd;
    this.helped();
    return idEnd + this.#tail.length;
  }

  /** Those of the tag that was found. */
  attributes(text: string): ScannedAttribute[] {
    const attributes = this.#attributes.slice();
    attributes[this.#idAt] = { name: "id", value: text.slice(this.#idStart, this.#idEnd) };
    return attributes;
  }

  keep({ text, outer, space, isEmpty, attributes, idStart, idEnd }: ReadTag): void {
    this.#head = text.slice(0, idStart);
    this.#quote = text.charAt(idEnd);
    this.#tail = text.slice(idEnd);
    this.#outer = outer;
    this.space = space;
    this.isEmpty = isEmpty;
    this.#attributes = attributes;
    this.#idAt = attributes.findIndex(({ name }) => name === "id");
  }
}

/** For a stream that has none yet, after that element: idle ones need none. */
export function memoryAfter({ name }: ScannedElement): TagMemory | undefined {
  return name === MESSAGE ? new TagMemory() : undefined;
}
