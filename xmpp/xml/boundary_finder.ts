import { XmlError } from "./xml_error.ts";

/** The kind of part that ended where the finder stopped. */
export type Boundary = "header" | "element" | "end" | "space";

type State = "between" | "text" | "less-than" | "start-tag" | "quoted" | "end-tag" | "bang" | "cdata" | "declaration";

const LESS_THAN = 0x3c;
const GREATER_THAN = 0x3e;
const SLASH = 0x2f;
const DOUBLE_QUOTE = 0x22;
const SINGLE_QUOTE = 0x27;
const CDATA_OPEN = "[CDATA[";

/**
 * Finds where the parts of an XML stream end, in text that comes in pieces; remembers its state between pieces. It only
 * counts tags; the strict scan validates the part. In well-formed, restricted XML the end it finds is the end of the
 * part. In anything else it may stop early, and the scan then refuses the part.
 */
export class BoundaryFinder {
  /** Result of the last call of `find`; undefined when the part continues in the next piece. */
  found: Boundary | undefined;
  #state: State = "between";
  #depth = 0;
  #quote = "";
  /** The start tag continues in the next piece, and its last character so far was a slash. */
  #slash = false;
  /** How much has been read of `[CDATA[` or `]]>`. */
  #matched = 0;
  /** A header may follow a declaration, which belongs to its part. */
  #partStarted = false;

  /** Reads from `start` to the end of the current part, or of the text. Gives where it stopped. */
  find(text: string, start: number): number {
    this.found = undefined;
    let pos = start;
    while (pos < text.length) {
      pos = this.#step(text, pos);
      if (this.found !== undefined) return pos;
    }
    return pos;
  }

  #step(text: string, pos: number): number {
    switch (this.#state) {
      case "between":
        return this.#between(text, pos);
      case "text":
        return this.#skipTo(text, pos, "<", "less-than");
      case "less-than":
        return this.#lessThan(text, pos);
      case "start-tag":
        return this.#startTag(text, pos);
      case "quoted":
        return this.#skipTo(text, pos, this.#quote, "start-tag");
      case "end-tag":
        return this.#endTag(text, pos);
      case "bang":
        return this.#bang(text, pos);
      case "cdata":
        return this.#cdata(text, pos);
      case "declaration":
        return this.#declaration(text, pos);
    }
  }

  #skipTo(text: string, pos: number, char: string, then: State): number {
    const next = text.indexOf(char, pos);
    if (next < 0) return text.length;
    this.#state = then;
    return next + 1;
  }

  /** Outside all parts, or between the declaration and the header: white space only. */
  #between(text: string, pos: number): number {
    let next = pos;
    while (next < text.length && isSpace(text.charCodeAt(next))) next++;
    if (next > pos) {
      if (!this.#partStarted) this.found = "space";
      return next;
    }
    if (text[pos] !== "<") throw new XmlError("not-well-formed", "text outside of an element");
    this.#state = "less-than";
    return pos + 1;
  }

  #lessThan(text: string, pos: number): number {
    const char = text[pos]!;
    this.#slash = false;
    this.#matched = 0;
    if (char === "/") {
      this.#state = "end-tag";
    } else if (char === "!") {
      if (this.#depth < 2) throw new XmlError("restricted-xml", "a comment or a declaration");
      this.#state = "bang";
    } else if (char === "?") {
      if (this.#depth > 0 || this.#partStarted) throw new XmlError("restricted-xml", "a processing instruction");
      this.#state = "declaration";
    } else {
      this.#state = "start-tag";
      return pos;
    }
    return pos + 1;
  }

  #startTag(text: string, pos: number): number {
    for (let i = pos; i < text.length; i++) {
      const code = text.charCodeAt(i);
      if (code === DOUBLE_QUOTE || code === SINGLE_QUOTE) {
        const quote = code === DOUBLE_QUOTE ? '"' : "'";
        const end = text.indexOf(quote, i + 1);
        if (end < 0) {
          this.#quote = quote;
          this.#slash = false;
          this.#state = "quoted";
          return text.length;
        }
        i = end;
      } else if (code === GREATER_THAN) {
        this.#opened(i > pos ? text.charCodeAt(i - 1) === SLASH : this.#slash);
        return i + 1;
      } else if (code === LESS_THAN) {
        throw new XmlError("not-well-formed", "a tag inside of a tag");
      }
    }
    this.#slash = text.charCodeAt(text.length - 1) === SLASH;
    return text.length;
  }

  #opened(empty: boolean): void {
    if (this.#depth === 0) {
      this.#depth = 1;
      this.#stop("header");
    } else if (!empty) {
      this.#depth++;
      this.#state = "text";
    } else if (this.#depth === 1) {
      this.#stop("element");
    } else {
      this.#state = "text";
    }
  }

  #endTag(text: string, pos: number): number {
    const end = this.#skipTo(text, pos, ">", "text");
    if (this.#state === "end-tag") return end;
    this.#depth--;
    if (this.#depth === 1) this.#stop("element");
    else if (this.#depth <= 0) this.#stop("end");
    return end;
  }

  #bang(text: string, pos: number): number {
    if (text[pos] !== CDATA_OPEN[this.#matched]) throw new XmlError("restricted-xml", "a comment or a declaration");
    this.#matched++;
    if (this.#matched === CDATA_OPEN.length) {
      this.#matched = 0;
      this.#state = "cdata";
    }
    return pos + 1;
  }

  #cdata(text: string, pos: number): number {
    if (this.#matched === 0) {
      const next = text.indexOf("]", pos);
      if (next < 0) return text.length;
      this.#matched = 1;
      return next + 1;
    }
    const char = text[pos]!;
    if (char === "]") this.#matched = 2;
    else if (char === ">" && this.#matched === 2) this.#state = "text";
    else this.#matched = 0;
    return pos + 1;
  }

  #declaration(text: string, pos: number): number {
    const end = this.#skipTo(text, pos, ">", "between");
    if (this.#state === "between") this.#partStarted = true;
    return end;
  }

  #stop(found: Boundary): void {
    this.found = found;
    this.#state = "between";
    this.#partStarted = false;
  }
}

function isSpace(code: number): boolean {
  return code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09;
}
