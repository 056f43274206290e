/** The `<body/>` wrapper of BOSH, read and written: XEP-0124 section 6, XEP-0206. @module */
import { NS } from "../../xmpp/ns.ts";
import { declaredNamespaces, scanElement } from "../../xmpp/xml/element_reader.ts";
import { contentOf, type ScannedElement, type XmlLimits } from "../../xmpp/xml/scanned_element.ts";
import { attr, type Markup, raw, xml } from "../../xmpp/xml/xml.ts";
import { XmlError } from "../../xmpp/xml/xml_error.ts";

/** XEP-0124 section 17.2. */
export type BoshCondition =
  | "bad-request"
  | "host-unknown"
  | "improper-addressing"
  | "internal-server-error"
  | "item-not-found"
  | "other-request"
  | "policy-violation"
  | "remote-stream-error"
  | "system-shutdown"
  | "undefined-condition";

/** A terminal binding condition. */
export class BoshError extends Error {
  override readonly name = "BoshError";
  readonly condition: BoshCondition;

  constructor(condition: BoshCondition) {
    super(condition);
    this.condition = condition;
  }
}

/** One request. */
export interface BoshBody {
  readonly rid: number;
  /** Undefined: the request creates a session. */
  readonly sid: string | undefined;
  /** Attributes without a namespace, and `xml:lang`. */
  readonly attributes: ReadonlyMap<string, string>;
  /** `xmpp:version` and `xmpp:restart`, whatever their prefix. */
  readonly xmppVersion: string | undefined;
  readonly restart: boolean;
  /** The `ack` attribute of a request, where it is a rid. */
  readonly ack: number | undefined;
  readonly payloads: readonly ScannedElement[];
  /** The fault of the payload after those. */
  readonly fault: XmlError | undefined;
}

/** Added to the limits of a stanza for a body: a stanza that exceeds its own limits is then reported as such. */
const BODY_SHARE = 2;
const MAX_RID = Number.MAX_SAFE_INTEGER;

/** The limits of a body, from those of a stanza. */
export function bodyLimits(stanza: XmlLimits): XmlLimits {
  return { ...stanza, maxBytes: stanza.maxBytes * BODY_SHARE, maxDepth: stanza.maxDepth * BODY_SHARE };
}

/** Throws BoshError bad-request, or policy-violation where a limit is exceeded. */
export function readBody(text: string, limits: XmlLimits): BoshBody {
  const element = scanBody(text, limits);
  if (element.name !== "body" || element.ns !== NS.HTTPBIND || hasText(element)) throw new BoshError("bad-request");
  const prefixes = declaredNamespaces(element.text.slice(0, element.innerStart), bodyLimits(limits));
  const { own, xbosh } = splitAttributes(element, prefixes);
  const rid = readRid(own.get("rid"));
  const restart = xbosh.get("restart");
  const ack = own.get("ack");
  return {
    rid,
    sid: own.get("sid"),
    attributes: own,
    xmppVersion: xbosh.get("version"),
    restart: restart === "true" || restart === "1",
    ack: ack !== undefined && /^\d{1,16}$/.test(ack) ? Number(ack) : undefined,
    ...readPayloads(element, prefixes, limits),
  };
}

function scanBody(text: string, limits: XmlLimits): ScannedElement {
  try {
    return scanElement(text, bodyLimits(limits), undefined, true);
  } catch (error) {
    if (!(error instanceof XmlError)) throw error;
    throw new BoshError(error.condition === "policy-violation" ? "policy-violation" : "bad-request");
  }
}

/** XEP-0124 section 6: no character data directly in the wrapper. */
function hasText(body: ScannedElement): boolean {
  const content = contentOf(body);
  let at = 0;
  for (const child of body.children) {
    if (content.slice(at, child.start).trim() !== "") return true;
    at = child.end;
  }
  return content.slice(at).trim() !== "";
}

/** XEP-0124 section 14.1. */
function readRid(text: string | undefined): number {
  const rid = text !== undefined && /^\d{1,16}$/.test(text) ? Number(text) : 0;
  if (rid < 1 || rid > MAX_RID) throw new BoshError("bad-request");
  return rid;
}

function splitAttributes(element: ScannedElement, prefixes: ReadonlyMap<string, string>) {
  const own = new Map<string, string>();
  const xbosh = new Map<string, string>();
  for (const { name, value } of element.attributes) {
    const colon = name.indexOf(":");
    if (colon < 0 || name === "xml:lang") own.set(name, value);
    else if (prefixes.get(name.slice(0, colon)) === NS.XBOSH) xbosh.set(name.slice(colon + 1), value);
  }
  return { own, xbosh };
}

/** XEP-0206 section 2: a stanza without a namespace is taken to be in jabber:client. */
function readPayloads(
  body: ScannedElement,
  prefixes: ReadonlyMap<string, string>,
  limits: XmlLimits,
): Pick<BoshBody, "payloads" | "fault"> {
  const inherited = new Map([...prefixes, ["", NS.CLIENT]]);
  const content = contentOf(body);
  const payloads: ScannedElement[] = [];
  try {
    for (const { start, end } of body.children)
      payloads.push(scanElement(content.slice(start, end), limits, inherited));
  } catch (error) {
    if (error instanceof XmlError) return { payloads, fault: error };
    throw error;
  }
  return { payloads, fault: undefined };
}

/** Nothing but a request for data. */
export function isPoll(body: BoshBody): boolean {
  return body.payloads.length === 0 && body.fault === undefined && !body.restart && !isExtra(body);
}

/** XEP-0124 section 11: a pause or the end may come beyond `requests`. */
export function isExtra({ attributes }: BoshBody): boolean {
  return attributes.has("pause") || attributes.get("type") === "terminate";
}

/** One response; attributes that are undefined are left out. */
export interface BoshResponseBody {
  readonly type?: "terminate" | "error" | undefined;
  readonly condition?: BoshCondition | undefined;
  readonly attributes?: Markup | undefined;
  readonly payloads?: readonly string[] | undefined;
}

export function writeBody({ type, condition, attributes, payloads = [] }: BoshResponseBody): string {
  // XEP-0206 section 2: the wrapper declares the prefix of features and errors inside it.
  const stream = payloads.some((payload) => payload.startsWith("<stream:"));
  const content = raw(payloads.join(""));
  const start = xml`<body xmlns="${NS.HTTPBIND}"${stream && attr("xmlns:stream", NS.STREAM)}${attr("type", type)}${attr("condition", condition)}${attributes}`;
  return payloads.length === 0 ? `${start.text}/>` : `${start.text}>${content.text}</body>`;
}
