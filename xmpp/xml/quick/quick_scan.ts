import { NS } from "../../ns.ts";
import { ASCII, NAME, NAME_START } from "../chars.ts";
import { MAX_NAMESPACE_LENGTH } from "../namespace_scope.ts";
import type { ScannedAttribute, ScannedChild, ScannedElement, XmlLimits } from "../scanned_element.ts";
import { byLength, commonText, NAMESPACES } from "./common_texts.ts";
import { knownName, nameOf, TYPE, UNKNOWN, XML_LANG, XMLNS } from "./known_names.ts";

const BLANK = 0x20;
const DOUBLE_QUOTE = 0x22;
const SINGLE_QUOTE = 0x27;
const SLASH = 0x2f;
const EQUALS = 0x3d;
const GREATER_THAN = 0x3e;

/**
 * The one switch of this folder: with `false` the strict scan reads every element, with the same result. A scan takes
 * 0.7 us with it and 1.2 us without. A chat message takes 10.3 us of processor time and 11.0 us over TCP, 10.2 and 10.3
 * us over WebSocket (medians of five rounds).
 */
const ENABLED: boolean = true;

/**
 * Characters that need a check of their own: references, the end of CDATA, control characters and line ends, surrogates and
 * code points that are no characters. A regular expression tests many characters at a time.
 */
const SPECIAL = /[\0-\x1f&\]\ud800-\udfff\ufffe\uffff]/;

/** Only `<` ends text in it, only the quote ends a value, and all its characters are XML's: the quick scan may read it. */
export function isCalm(text: string): boolean {
  return ENABLED && !SPECIAL.test(text);
}

/** Most attributes of one element with names that are not among the known ones: each is compared with each. */
const FEW = 8;
const TYPES = byLength(["chat", "get", "set", "result", "error", "normal", "groupchat"]);
const NONE: readonly ScannedAttribute[] = [];
const NO_CHILDREN: readonly ScannedChild[] = [];

/**
 * Reads most stanzas: calm text, no prefixes, one blank before each attribute. It jumps from mark to mark where the strict scan
 * goes from character to character. What it accepts the strict scan accepts too, with the same result
 * (tests/xmpp/xml/quick/quick_scan_test.ts); it leaves everything else to the strict scan.
 */
export class QuickScan {
  readonly #limits: XmlLimits;
  /** Where the element read last ends. */
  end = 0;
  /** The text ended before the element. */
  isCut = false;

  // The open elements: their names, and the default namespace around each.
  readonly #names: string[] = [];
  readonly #spaces: string[] = [];

  // The tag read last: where it ends, what it declares, and where the next one begins, or the text ends.
  #pos = 0;
  #space = "";
  #isEmpty = false;
  #next = 0;
  #attributes: ScannedAttribute[] | typeof NONE = NONE;

  constructor(limits: XmlLimits) {
    this.#limits = limits;
  }

  /**
   * The element whose `<` stands at `start` of a calm text; `space`: the default namespace around it. Undefined: the strict
   * scan has to decide.
   */
  scan(
    text: string,
    start: number,
    space: string,
    inherited: ReadonlyMap<string, string> | undefined,
  ): ScannedElement | undefined {
    this.isCut = false;
    this.#space = space;
    const element = this.#element(text, start, inherited);
    this.#forget();
    return element;
  }

  /** Drops slices of the text, which would keep the whole of it in memory until the next element comes. */
  #forget(): void {
    this.#attributes = NONE;
    this.#space = "";
    const names = this.#names;
    for (let depth = 0; depth < names.length && names[depth] !== ""; depth++) {
      names[depth] = "";
      this.#spaces[depth] = "";
    }
  }

  #element(
    text: string,
    start: number,
    inherited: ReadonlyMap<string, string> | undefined,
  ): ScannedElement | undefined {
    const name = this.#startTag(text, start, true);
    if (name === undefined) return this.#stop(text, this.#next);
    const ns = this.#space;
    const attributes = this.#attributes;
    const innerStart = this.#pos;
    const isEmpty = this.#isEmpty;
    let children: ScannedChild[] | typeof NO_CHILDREN = NO_CHILDREN;
    if (!isEmpty) {
      this.#names[0] = name;
      const found = this.#content(text, innerStart);
      if (found === undefined) return undefined;
      children = found;
    }
    const end = this.#pos;
    if ((end - start) * 3 > this.#limits.maxBytes) return undefined;
    this.end = end;
    return {
      name,
      ns,
      attributes,
      text: start === 0 && end === text.length ? text : text.slice(start, end),
      innerStart: innerStart - start,
      innerEnd: (isEmpty ? end : end - name.length - 3) - start,
      children,
      plain: true,
      inherited,
    };
  }

  /** Up to and with the end tag of the outermost element, whose name and namespace are known. */
  #content(text: string, innerStart: number): ScannedChild[] | typeof NO_CHILDREN | undefined {
    const { maxDepth, maxChildren, maxElements } = this.#limits;
    const names = this.#names;
    const spaces = this.#spaces;
    let children: ScannedChild[] | typeof NO_CHILDREN = NO_CHILDREN;
    let childStart = 0;
    let childName = "";
    let childNs = "";
    let depth = 1;
    let elements = 1;
    for (;;) {
      const tag = this.#next;
      if (tag >= text.length) return this.#stop(text, tag);
      if (text.charCodeAt(tag + 1) === SLASH) {
        const open = names[--depth]!;
        const end = tag + open.length + 2;
        if (text.charCodeAt(end) !== GREATER_THAN || !text.startsWith(open, tag + 2)) return this.#stop(text, end);
        this.#pos = end + 1;
        if (depth === 0) return children;
        this.#space = spaces[depth]!;
        this.#next = nextTag(text, end);
      } else {
        const outer = this.#space;
        const name = this.#startTag(text, tag, false);
        if (name === undefined) return this.#stop(text, this.#next);
        if (depth >= maxDepth || ++elements > maxElements) return undefined;
        if (depth === 1) {
          childStart = tag - innerStart;
          childName = name;
          childNs = this.#space;
        }
        if (!this.#isEmpty) {
          names[depth] = name;
          spaces[depth++] = outer;
          continue;
        }
        this.#space = outer;
      }
      if (depth > 1) continue;
      if (children.length >= maxChildren) return undefined;
      children = withChild(children, childName, childNs, childStart, this.#pos - innerStart);
    }
  }

  /** Gives up: the text ends before `end`, or is not of the kind that this scan reads. */
  #stop(text: string, end: number): undefined {
    this.isCut = end >= text.length;
    return undefined;
  }

  /** Reads the tag at `tag`; gives the element's name. */
  #startTag(text: string, tag: number, keep: boolean): string | undefined {
    this.#next = nextTag(text, tag);
    const known = knownName(text, tag + 1);
    const name = known < 0 ? plainName(text, tag + 1) : nameOf(known);
    if (name === undefined || known === XMLNS || known === XML_LANG) return undefined;
    return this.#attributeList(text, tag + 1 + name.length, keep) ? name : undefined;
  }

  #attributeList(text: string, start: number, keep: boolean): boolean {
    const next = this.#next;
    const { maxAttributes } = this.#limits;
    let pos = start;
    let seen = 0;
    let others: string[] | undefined;
    for (let count = 0; ; count++) {
      const code = text.charCodeAt(pos);
      if (code === GREATER_THAN) return this.#tagEnds(pos + 1, false);
      if (code === SLASH) return text.charCodeAt(pos + 1) === GREATER_THAN && this.#tagEnds(pos + 2, true);
      if (code !== BLANK || count === maxAttributes) return false;
      pos++;
      const known = knownName(text, pos);
      const name = known < 0 ? plainName(text, pos) : nameOf(known);
      if (name === undefined) return false;
      pos += name.length;
      if (text.charCodeAt(pos) !== EQUALS) return false;
      const quote = text.charCodeAt(pos + 1);
      const valueStart = pos + 2;
      const valueEnd =
        quote === SINGLE_QUOTE
          ? text.indexOf("'", valueStart)
          : quote === DOUBLE_QUOTE
            ? text.indexOf('"', valueStart)
            : -1;
      if (valueEnd < 0 || valueEnd >= next) return false;
      pos = valueEnd + 1;
      if (known === UNKNOWN) {
        if (others === undefined) others = [name];
        else if (others.includes(name) || others.push(name) > FEW) return false;
      } else {
        const bit = 1 << known;
        if ((seen & bit) !== 0) return false;
        seen |= bit;
        if (known === XMLNS) {
          if (!this.#declare(text, valueStart, valueEnd)) return false;
          continue;
        }
      }
      if (!keep) continue;
      const item = {
        name,
        value: known === TYPE ? commonText(TYPES, text, valueStart, valueEnd) : text.slice(valueStart, valueEnd),
      };
      if (this.#attributes === NONE) this.#attributes = [item];
      else (this.#attributes as ScannedAttribute[]).push(item);
    }
  }

  #tagEnds(pos: number, isEmpty: boolean): true {
    this.#pos = pos;
    this.#isEmpty = isEmpty;
    return true;
  }

  #declare(text: string, start: number, end: number): boolean {
    if (end - start > MAX_NAMESPACE_LENGTH) return false;
    const ns = commonText(NAMESPACES, text, start, end);
    this.#space = ns;
    return ns !== NS.XMLNS && ns !== NS.XML;
  }
}

function withChild(
  children: ScannedChild[] | typeof NO_CHILDREN,
  name: string,
  ns: string,
  start: number,
  end: number,
): ScannedChild[] {
  const child = { name, ns, start, end };
  if (children === NO_CHILDREN) return [child];
  (children as ScannedChild[]).push(child);
  return children as ScannedChild[];
}

/** Where the next tag begins, or the text ends. */
function nextTag(text: string, tag: number): number {
  const next = text.indexOf("<", tag + 1);
  return next < 0 ? text.length : next;
}

/** A name of ASCII letters and the like, without a prefix; what follows it is not looked at. */
function plainName(text: string, start: number): string | undefined {
  let code = text.charCodeAt(start);
  if (!(code < 0x80) || (ASCII[code]! & NAME_START) === 0) return undefined;
  let pos = start;
  do code = text.charCodeAt(++pos);
  while (code < 0x80 && (ASCII[code]! & NAME) !== 0);
  return text.slice(start, pos);
}
