import { isCalm, QuickScan } from "./quick_scan.ts";
import { Scan, type ScannedHeader } from "./scan.ts";
import type { ScannedElement, XmlLimits } from "./scanned_element.ts";
import { XmlError } from "./xml_error.ts";

const LESS_THAN = 0x3c;

/**
 * Scans elements, the short way where it leads, else the strict one. May be used for one element after the other, of one stream
 * or of many, which saves making its lists for each.
 */
export class ElementScanner {
  readonly #limits: XmlLimits;
  readonly #quick: QuickScan;
  #strict: Scan | undefined;
  /** After `elementAt`: where the element ends. */
  end = 0;
  #inherited: ReadonlyMap<string, string> | undefined;
  #space = "";

  constructor(limits: XmlLimits) {
    this.#limits = limits;
    this.#quick = new QuickScan(limits);
  }

  /** The whole element, from `pos` on, with nothing but white space around it. Throws XmlError. */
  element(text: string, inherited: ReadonlyMap<string, string> | undefined, pos: number): ScannedElement {
    if (text.charCodeAt(pos) === LESS_THAN && isCalm(text)) {
      const element = this.#quick.scan(text, pos, this.#spaceOf(inherited), inherited);
      if (element !== undefined && this.#quick.end === text.length) return element;
    }
    return this.#strictly.element(text, inherited, pos);
  }

  /**
   * The element whose `<` stands at `pos`; anything may follow, from `end` on. Undefined where it is not as it should be,
   * which may be because the text ends within it. `calm`: isCalm(text).
   */
  elementAt(
    text: string,
    inherited: ReadonlyMap<string, string> | undefined,
    pos: number,
    calm: boolean,
  ): ScannedElement | undefined {
    if (calm) {
      const element = this.#quick.scan(text, pos, this.#spaceOf(inherited), inherited);
      this.end = this.#quick.end;
      if (element !== undefined || this.#quick.isCut) return element;
    }
    try {
      const element = this.#strictly.elementAt(text, inherited, pos);
      this.end = this.#strictly.end;
      return element;
    } catch (error) {
      if (error instanceof XmlError) return undefined;
      throw error;
    }
  }

  /** Only a start tag, which ends the text, and the namespaces that hold inside it. Throws XmlError. */
  header(text: string, pos: number): ScannedHeader {
    return this.#strictly.header(text, pos);
  }

  get #strictly(): Scan {
    this.#strict ??= new Scan(this.#limits);
    return this.#strict;
  }

  #spaceOf(inherited: ReadonlyMap<string, string> | undefined): string {
    if (inherited !== this.#inherited) {
      this.#inherited = inherited;
      this.#space = inherited?.get("") ?? "";
    }
    return this.#space;
  }
}
