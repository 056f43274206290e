import { conditionMarkup } from "./condition_markup.ts";
import { Jid, JidError } from "./jid.ts";
import { NS } from "./ns.ts";
import { STANZA_CONDITIONS, type StanzaErrorCondition, type StanzaErrorType } from "./stanza_condition.ts";
import { StanzaContent, scanTrusted } from "./stanza_content.ts";
import { STANZA_ERROR_TEXTS } from "./stanza_error_text.ts";
import { StreamError } from "./stream_error.ts";
import { Element } from "./xml/element.ts";
import { escapeAttribute } from "./xml/escape.ts";
import { NamespaceScope } from "./xml/namespace_scope.ts";
import type { ScannedChild, ScannedElement } from "./xml/scanned_element.ts";
import { TreeReader } from "./xml/tree_reader.ts";
import { attr, type Markup, xml } from "./xml/xml.ts";

/** RFC 6120 section 8.2. */
export type StanzaName = "message" | "presence" | "iq";

/** RFC 6120 section 8.1. */
export interface StanzaAttributes {
  readonly from?: Jid | undefined;
  readonly to?: Jid | undefined;
  readonly id?: string | undefined;
  readonly type?: string | undefined;
  readonly lang?: string | undefined;
}

/** What `readdress` replaces: a key that is present, even with undefined. */
export interface StanzaAddress {
  readonly from?: Jid | undefined;
  readonly to?: Jid | undefined;
  readonly id?: string | undefined;
  readonly type?: string | undefined;
}

const OPENINGS: Readonly<Record<StanzaName, string>> = {
  message: '<message xmlns="jabber:client"',
  presence: '<presence xmlns="jabber:client"',
  iq: '<iq xmlns="jabber:client"',
};
const CLOSINGS: Readonly<Record<StanzaName, string>> = {
  message: "</message>",
  presence: "</presence>",
  iq: "</iq>",
};
/** Largest growth of a stanza, in UTF-16 units, when prefixes are replaced by their namespaces. */
const MAX_NAMESPACES = 262_144;
/** Typical length of a start tag with its addresses, in UTF-16 units. */
const START_TAG_UNITS = 128;

/**
 * An immutable stanza: its attributes, and its content as text, which is parsed only on demand. Always in
 * `jabber:client` and free of prefixes, so that it can be written into any stream.
 */
export class Stanza {
  readonly name: StanzaName;
  readonly from: Jid | undefined;
  readonly to: Jid | undefined;
  readonly id: string | undefined;
  readonly type: string | undefined;
  readonly lang: string | undefined;
  /** Attributes that RFC 6120 does not define, as escaped text. */
  readonly #others: string;
  readonly #content: StanzaContent;
  /** Written on first use; all forms of a message share it. */
  #startTag: string | undefined;
  #text: string | undefined;

  private constructor(
    name: StanzaName,
    from: Jid | undefined,
    to: Jid | undefined,
    id: string | undefined,
    type: string | undefined,
    lang: string | undefined,
    others: string,
    content: StanzaContent,
  ) {
    this.name = name;
    this.from = from;
    this.to = to;
    this.id = id;
    this.type = type;
    this.lang = lang;
    this.#others = others;
    this.#content = content;
    this.#startTag = undefined;
    this.#text = undefined;
  }

  /**
   * Takes a scanned element. Attributes of the stanza itself that stand in a foreign namespace are left out.
   * @throws StreamError invalid-namespace, unsupported-stanza-type, policy-violation
   * @throws StanzaError jid-malformed, with the stanza without the address that cannot be read
   */
  static fromScanned(element: ScannedElement): Stanza {
    return Stanza.#read(element, undefined);
  }

  /**
   * Takes an element that the client of this full JID has sent, and sets `from` to the full JID: RFC 6120 section
   * 8.1.2.1. Another resource of the same account is replaced, since a client may have chosen a new one before it
   * resumed its stream.
   * @throws as fromScanned; StreamError invalid-from for another bare JID
   */
  static fromClient(element: ScannedElement, sender: Jid): Stanza {
    return Stanza.#read(element, sender);
  }

  static #read(element: ScannedElement, sender: Jid | undefined): Stanza {
    if (element.ns !== NS.CLIENT) throw new StreamError("invalid-namespace");
    const name = stanzaName(element.name);
    if (name === undefined) throw new StreamError("unsupported-stanza-type");
    const content = StanzaContent.fromScanned(element.plain ? element : withoutPrefixes(element));
    let to: Jid | undefined | null;
    let from: Jid | undefined | null;
    let id: string | undefined;
    let type: string | undefined;
    let lang: string | undefined;
    let others = "";
    const { attributes } = element;
    for (let i = 0; i < attributes.length; i++) {
      const { name, value } = attributes[i]!;
      if (name === "to") to = address(value);
      else if (name === "from") from = address(value);
      else if (name === "id") id = value;
      else if (name === "type") type = value;
      else if (name === "xml:lang") lang = value;
      else if (!name.includes(":") || name.startsWith("xml:")) others += ` ${name}="${escapeAttribute(value)}"`;
    }
    const isMalformed = to === null || from === null;
    if (sender !== undefined && !isMalformed) from = stamped(from ?? undefined, sender);
    const stanza = new Stanza(name, from ?? undefined, to ?? undefined, id, type, lang, others, content);
    if (isMalformed) throw new StanzaError("jid-malformed", { stanza });
    return stanza;
  }

  /** Reads our own or stored text, in `jabber:client` unless it says otherwise. @throws as fromScanned; XmlError */
  static parse(text: string): Stanza {
    return Stanza.fromScanned(scanTrusted(text));
  }

  static build(name: StanzaName, attributes: StanzaAttributes, inner: Markup | Element | string = ""): Stanza {
    const { from, to, id, type, lang } = attributes;
    return new Stanza(name, from, to, id, type, lang, "", StanzaContent.of(contentText(inner)));
  }

  /** The text between the tags. */
  get inner(): string {
    return this.#content.text;
  }

  /** Child elements; their offsets are into `inner`. */
  get children(): readonly ScannedChild[] {
    return this.#content.children;
  }

  has(name: string, ns: string): boolean {
    return this.#content.has(name, ns);
  }

  /** The first child with this name and namespace, parsed once. */
  payload(name: string, ns: string): Element | undefined {
    return this.#content.payload(name, ns);
  }

  /** All children with this name and namespace, in document order. */
  payloads(name: string, ns: string): readonly Element[] {
    return this.#content.payloads(name, ns);
  }

  /** The source of the first child with this name and namespace. */
  payloadText(name: string, ns: string): string | undefined {
    return this.#content.payloadText(name, ns);
  }

  firstPayload(): Element | undefined {
    return this.#content.firstPayload();
  }

  /** Keys that are present are replaced, undefined removes; the content is shared. */
  readdress(change: StanzaAddress): Stanza {
    const from = "from" in change ? change.from : this.from;
    const to = "to" in change ? change.to : this.to;
    const id = "id" in change ? change.id : this.id;
    const type = "type" in change ? change.type : this.type;
    return new Stanza(this.name, from, to, id, type, this.lang, this.#others, this.#content);
  }

  /** With one more child, or two, at the end. */
  with(child: Markup | Element | string, last: Markup | Element | string = ""): Stanza {
    return this.#with(this.#content.append(contentText(child), contentText(last)));
  }

  /** Without the children that match; the same object when none does. */
  without(match: (child: ScannedChild, text: string) => boolean): Stanza {
    const content = this.#content;
    return this.#containing(content.without(content.children.filter((child) => match(child, content.source(child)))));
  }

  /** Without the children of this name and namespace; the same object when there is none. */
  withoutPayloads(name: string, ns: string): Stanza {
    return this.#containing(this.#content.without(this.#content.all(name, ns)));
  }

  #containing(content: StanzaContent): Stanza {
    return content === this.#content ? this : this.#with(content);
  }

  /** The start tag is shared: the forms for the device and for the log are both written. */
  #with(content: StanzaContent): Stanza {
    const { name, from, to, id, type, lang } = this;
    const stanza = new Stanza(name, from, to, id, type, lang, this.#others, content);
    stanza.#startTag = this.#opened();
    return stanza;
  }

  /** As toString(), for a caller that needs the text once: the text is not cached. */
  write(): string {
    return this.#text ?? this.#written();
  }

  toString(): string {
    this.#text ??= this.#written();
    return this.#text;
  }

  /** The answer to an IQ: RFC 6120 section 8.2.3. */
  result(inner: Markup | Element | string = ""): Stanza {
    return Stanza.build("iq", { type: "result", from: this.to, to: this.from, id: this.id }, inner);
  }

  /**
   * The error that goes back to the sender: RFC 6120 section 8.3.1.
   * @param from instead of the address it was sent to
   */
  error(error: StanzaError, from: Jid | undefined = this.to): Stanza {
    return Stanza.build(this.name, { type: "error", from, to: this.from, id: this.id }, error.toMarkup());
  }

  /** Estimated length in UTF-16 units, without writing the text: for bounds on queues. */
  get size(): number {
    return this.#content.text.length + START_TAG_UNITS;
  }

  // The engine joins three pieces at a time, so texts are built in threes.

  #written(): string {
    const inner = this.#content.text;
    const tag = this.#opened();
    return inner === "" ? `${tag.slice(0, -1)}/>` : `${tag}${inner}${CLOSINGS[this.name]}`;
  }

  #opened(): string {
    this.#startTag ??= this.#open();
    return this.#startTag;
  }

  #open(): string {
    const { from, to, id } = this;
    const opening = OPENINGS[this.name];
    if (id === undefined || from === undefined || to === undefined) return this.#openWith(opening);
    return `${opening} from="${from.escaped}" to="${to.escaped}" id="${escapeAttribute(id)}${this.#tagEnd('"')}`;
  }

  #openWith(opening: string): string {
    const { from, to, id } = this;
    let text = opening;
    if (from !== undefined) text += ` from="${from.escaped}"`;
    if (to !== undefined) text += ` to="${to.escaped}"`;
    if (id !== undefined) text += ` id="${escapeAttribute(id)}"`;
    return text + this.#tagEnd("");
  }

  /** What follows the id. */
  #tagEnd(quote: string): string {
    const { type, lang } = this;
    if (lang === undefined && this.#others === "") {
      if (type === undefined) return `${quote}>`;
      if (type === "chat" && quote !== "") return '" type="chat">';
    }
    let text = quote;
    if (type !== undefined) text += ` type="${escapeAttribute(type)}"`;
    if (lang !== undefined) text += ` xml:lang="${escapeAttribute(lang)}"`;
    return `${text}${this.#others}>`;
  }
}

export interface StanzaErrorOptions {
  /** Instead of the type that RFC 6120 names for the condition. */
  readonly type?: StanzaErrorType | undefined;
  readonly text?: string | undefined;
  /** The application-specific condition element: RFC 6120 section 8.3.4. */
  readonly application?: Markup | undefined;
  /** The stanza to answer, where the catcher of the error does not have it. */
  readonly stanza?: Stanza | undefined;
}

/** A stanza error, which carries its own wire form: RFC 6120 section 8.3. It may carry the stanza that it answers. */
export class StanzaError extends Error {
  override readonly name = "StanzaError";
  readonly condition: StanzaErrorCondition;
  readonly type: StanzaErrorType;
  readonly text: string | undefined;
  readonly application: Markup | undefined;
  readonly stanza: Stanza | undefined;

  constructor(condition: StanzaErrorCondition, options: StanzaErrorOptions = {}) {
    super(options.text === undefined ? condition : `${condition}: ${options.text}`);
    this.condition = condition;
    this.type = options.type ?? STANZA_CONDITIONS[condition][0];
    this.text = options.text;
    this.application = options.application;
    this.stanza = options.stanza;
  }

  /** The code of the old protocol: XEP-0086. */
  get code(): number {
    return STANZA_CONDITIONS[this.condition][1];
  }

  /** `<error/>`, in the namespace of the stanza around it. */
  toMarkup(): Markup {
    return xml`
      <error${attr("code", this.code)}${attr("type", this.type)}>
        ${conditionMarkup(this.condition, NS.STANZAS, this.text ?? STANZA_ERROR_TEXTS[this.condition])}${this.application}
      </error>`;
  }
}

/** Returns a constant: the name that was read is a slice and would keep its whole frame in memory. */
function stanzaName(read: string): StanzaName | undefined {
  if (read === "message") return "message";
  if (read === "presence") return "presence";
  return read === "iq" ? "iq" : undefined;
}

/** Content in the namespace `jabber:client`; a string is taken as markup. */
function contentText(content: Markup | Element | string): string {
  if (typeof content === "string") return content;
  return content instanceof Element ? content.toString(NS.CLIENT) : content.text;
}

/** The same element without prefixes and without inherited declarations. */
function withoutPrefixes(element: ScannedElement): ScannedElement {
  // A client may send thousands of elements with prefixes: a DOM of them would cost ten times as much.
  const tree = new TreeReader(element.text, makeElement).read(NamespaceScope.outermost(element.inherited));
  // Many short names with the prefix of one long namespace would exhaust the memory.
  if (namespaceUnits(tree, "") > MAX_NAMESPACES) {
    throw new StreamError("policy-violation", { text: "Too many prefixes of long namespaces" });
  }
  return scanTrusted(tree.toString());
}

function makeElement(
  name: string,
  ns: string,
  attributes: Readonly<Record<string, string>>,
  children: readonly (Element | string)[],
): Element {
  return new Element(name, ns, attributes, children);
}

/** The length of all namespaces that toString() writes. */
function namespaceUnits({ ns, attributes, children }: Element, parentNs: string): number {
  let units = ns === parentNs ? 0 : ns.length;
  for (const name in attributes) if (name.startsWith("xmlns:")) units += attributes[name]!.length;
  for (const child of children) if (typeof child !== "string") units += namespaceUnits(child, ns);
  return units;
}

/** Accepts any address of the sender's account and nothing else: see fromClient(). */
function stamped(from: Jid | undefined, sender: Jid): Jid {
  if (from === undefined || from === sender || from.bare.equals(sender.bare)) return sender;
  throw new StreamError("invalid-from");
}

/** Null for what is no address. */
function address(text: string): Jid | null {
  try {
    return Jid.parse(text);
  } catch (error) {
    if (!(error instanceof JidError)) throw error;
    return null;
  }
}
