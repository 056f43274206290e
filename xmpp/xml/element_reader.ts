import { isCalm, QuickScan } from "./quick/quick_scan.ts";
import type { ScannedElement, XmlLimits } from "./scanned_element.ts";
import { type ScannedHeader, StrictScan } from "./strict/strict_scan.ts";
import { declarationEnd } from "./xml_declaration.ts";
import { XmlError } from "./xml_error.ts";

const LESS_THAN = 0x3c;

/**
 * Reads exactly one element: a WebSocket frame (RFC 7395), a BOSH body, a slice of a parent.
 * Nothing but white space may stand around it.
 * @param inherited namespaces in scope outside the text; "" is the default namespace
 * @param declaration true when an XML declaration may come first
 * @throws XmlError
 */
export function scanElement(
  text: string,
  limits: XmlLimits,
  inherited?: ReadonlyMap<string, string>,
  declaration = false,
): ScannedElement {
  return new ElementReader(limits).element(text, inherited, declaration ? declarationEnd(text) : 0);
}

/**
 * The namespaces that hold inside an element, by prefix; "" is the default namespace, "" where there is none.
 * @param startTag the element's start tag, or an empty element
 * @throws XmlError
 */
export function declaredNamespaces(startTag: string, limits: XmlLimits): ReadonlyMap<string, string> {
  return new StrictScan(limits).header(startTag, 0).namespaces;
}

/**
 * Reads elements by the quick scan where it decides, else by the strict scan. One reader serves many elements, of one stream or
 * of many, one after the other, which saves making its lists for each.
 */
export class ElementReader {
  readonly #limits: XmlLimits;
  readonly #quick: QuickScan;
  #strict: StrictScan | undefined;
  /** After `elementAt`: where the element ends. */
  end = 0;
  #inherited: ReadonlyMap<string, string> | undefined;
  #defaultNs = "";

  constructor(limits: XmlLimits) {
    this.#limits = limits;
    this.#quick = new QuickScan(limits);
  }

  /** The whole element, from `pos` on, with nothing but white space around it. Throws XmlError. */
  element(text: string, inherited: ReadonlyMap<string, string> | undefined, pos: number): ScannedElement {
    if (text.charCodeAt(pos) === LESS_THAN && isCalm(text)) {
      const element = this.#quick.scan(text, pos, this.#defaultNsOf(inherited), inherited);
      if (element !== undefined && this.#quick.end === text.length) return element;
    }
    return this.#strictly.element(text, inherited, pos);
  }

  /**
   * The element whose `<` stands at `pos`; anything may follow, from `end` on. Undefined: it has a fault, or the text ends
   * within it. `calm`: isCalm(text).
   */
  elementAt(
    text: string,
    inherited: ReadonlyMap<string, string> | undefined,
    pos: number,
    calm: boolean,
  ): ScannedElement | undefined {
    if (calm) {
      const element = this.#quick.scan(text, pos, this.#defaultNsOf(inherited), inherited);
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

  get #strictly(): StrictScan {
    this.#strict ??= new StrictScan(this.#limits);
    return this.#strict;
  }

  #defaultNsOf(inherited: ReadonlyMap<string, string> | undefined): string {
    if (inherited !== this.#inherited) {
      this.#inherited = inherited;
      this.#defaultNs = inherited?.get("") ?? "";
    }
    return this.#defaultNs;
  }
}
