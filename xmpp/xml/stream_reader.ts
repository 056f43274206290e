import { Buffer } from "node:buffer";
import { BoundaryFinder } from "./boundary_finder.ts";
import { ElementReader } from "./element_reader.ts";
import { isCalm } from "./quick/quick_scan.ts";
import type { ScannedElement, XmlLimits } from "./scanned_element.ts";
import { declarationEnd } from "./xml_declaration.ts";
import { XmlError } from "./xml_error.ts";

/** The parts of a stream: RFC 6120 section 4.2. */
export interface StreamEvents {
  /** The stream header; its text is the start tag. */
  header(header: ScannedElement): void;
  /**
   * An XML declaration where a child may begin: the following text is read after reset(). Left out: a declaration is
   * refused.
   */
  declaration?(): void;
  /** The namespaces in which children are read; those that the header declares unless given. */
  namespaces?(declared: ReadonlyMap<string, string>): ReadonlyMap<string, string>;
  /** A complete first-level child. */
  element(element: ScannedElement): void;
  /** The closing stream tag. */
  end(): void;
  /** Asked after each child: whether the following text has to wait for goOn(). */
  isPaused?(): boolean;
}

const LESS_THAN = 0x3c;

/**
 * Reads an XML stream that arrives in pieces. A child that lies whole in one piece, as most do, is scanned in place.
 * For any other child the BoundaryFinder reads every character once to find its end; then the whole child is scanned.
 * White space between children is skipped.
 */
export class StreamReader {
  #limits: XmlLimits;
  readonly #events: StreamEvents;
  #scan: ElementReader;
  #finder = new BoundaryFinder();
  #pending = "";
  #pendingBytes = 0;
  #handling = false;
  /** The text that write() got before a pause; it is unread from `start` on. */
  #unread: { readonly text: string; readonly start: number; readonly calm: boolean } | undefined;
  #header: { tagName: string; namespaces: ReadonlyMap<string, string> } | undefined;
  #ended = false;
  /** All received text belongs to a header, which is read after reset(). */
  #isAhead = false;

  /** `scan`: a reader with these limits; many streams may share it. */
  constructor(limits: XmlLimits, events: StreamEvents, scan = new ElementReader(limits)) {
    this.#limits = limits;
    this.#events = events;
    this.#scan = scan;
  }

  /** From the next part on. */
  use(limits: XmlLimits, scan: ElementReader): void {
    this.#limits = limits;
    this.#scan = scan;
  }

  /** Takes the next piece of text. @throws XmlError, and whatever a handler throws */
  write(text: string): void {
    if (this.#unread !== undefined) text = this.#takeUnread(this.#unread) + text;
    this.#read(text, 0, isCalm(text));
  }

  /** There is text that waits for goOn(). */
  get hasUnread(): boolean {
    return this.#unread !== undefined;
  }

  /** Continues after a pause. @throws as write() does */
  goOn(): void {
    if (this.#unread === undefined) return;
    const { text, start, calm } = this.#unread;
    this.#unread = undefined;
    this.#read(text, start, calm);
  }

  #takeUnread({ text, start }: { readonly text: string; readonly start: number }): string {
    this.#unread = undefined;
    return text.slice(start);
  }

  #read(text: string, start: number, calm: boolean): void {
    this.#handling = true;
    try {
      while (start < text.length && !this.#ended) {
        if (this.#events.isPaused?.() === true) {
          this.#unread = { text, start, calm };
          return;
        }
        const child = this.#wholeChild(text, start, calm);
        const end = child === undefined ? this.#find(text, start) : this.#scan.end;
        if (child !== undefined) this.#events.element(child);
        else this.#take(start === 0 && end === text.length ? text : text.slice(start, end));
        start = end;
      }
    } finally {
      this.#handling = false;
    }
  }

  /** Stream restart: a new header is expected. Text of an unfinished element is read again. */
  reset(): void {
    const unread = this.#pending;
    this.#isAhead = false;
    this.#finder = new BoundaryFinder();
    this.#pending = "";
    this.#pendingBytes = 0;
    this.#header = undefined;
    this.#ended = false;
    if (!this.#handling && unread !== "") this.write(unread);
  }

  /** Where the part ends that begins or continues at `start`. */
  #find(text: string, start: number): number {
    if (!this.#isAhead && this.#header !== undefined && this.#events.declaration !== undefined) {
      const begin = this.#pending === "" ? text.slice(start, start + 2) : this.#pending + text[start];
      this.#isAhead = begin === "<?";
      if (this.#isAhead) this.#events.declaration();
    }
    return this.#isAhead ? text.length : this.#finder.find(text, start);
  }

  #wholeChild(text: string, start: number, calm: boolean): ScannedElement | undefined {
    if (this.#header === undefined || this.#pending !== "" || text.charCodeAt(start) !== LESS_THAN) return undefined;
    return this.#scan.elementAt(text, this.#header.namespaces, start, calm);
  }

  #take(piece: string): void {
    const text = this.#pending + piece;
    const { found } = this.#finder;
    if (this.#isAhead || found === undefined) {
      this.#pendingBytes += Buffer.byteLength(piece);
      if (this.#pendingBytes > this.#limits.maxBytes) {
        throw new XmlError("policy-violation", `more than ${this.#limits.maxBytes} bytes`);
      }
      this.#pending = text;
      return;
    }
    this.#pending = "";
    this.#pendingBytes = 0;
    if (found === "space") return;
    if (found === "header") this.#readHeader(text);
    else if (found === "end") this.#readEnd(text);
    else this.#events.element(this.#scan.element(text, this.#header?.namespaces, 0));
  }

  #readHeader(text: string): void {
    const { element, namespaces, empty } = this.#scan.header(text, declarationEnd(text));
    const tagName = /^<([^\s/>]+)/.exec(element.text)![1]!;
    this.#header = { tagName, namespaces: this.#events.namespaces?.(namespaces) ?? namespaces };
    this.#events.header(element);
    if (empty && this.#header?.tagName === tagName) this.#finish();
  }

  #readEnd(text: string): void {
    const name = this.#header?.tagName;
    if (name === undefined || !text.startsWith(name, 2) || !/^[ \t\r\n]*>$/.test(text.slice(2 + name.length))) {
      throw new XmlError("not-well-formed", "an end tag that closes nothing");
    }
    this.#finish();
  }

  #finish(): void {
    this.#ended = true;
    this.#events.end();
  }
}
