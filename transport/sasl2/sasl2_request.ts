/** The reader of `<authenticate/>` and its inline requests: XEP-0388 section 3.3. @module */
import { SaslError } from "../../xmpp/errors.ts";
import { NS } from "../../xmpp/ns.ts";
import { Element } from "../../xmpp/xml/element.ts";
import { contentOf, type ScannedElement } from "../../xmpp/xml/scanned_element.ts";
import { decodeBase64 } from "../sasl/mechanism_runs.ts";

/** `<fast/>`, XEP-0484 section 3.4. */
export interface FastLogin {
  /** The client's count of its logins with this token. */
  readonly count: number | undefined;
  readonly invalidate: boolean;
}

export interface Sasl2Request {
  readonly mechanism: string;
  /** The initial response. */
  readonly data: Uint8Array | undefined;
  /** The id of `<user-agent/>`: a UUID that stays with the client's installation. */
  readonly client: string | undefined;
  /** `<resume/>`, XEP-0198 section 9.2. */
  readonly resume: Element | undefined;
  /** `<bind/>`, XEP-0386 section 3.2. */
  readonly bind: Element | undefined;
  readonly fast: FastLogin | undefined;
  /** The mechanism for which the client wants a token, XEP-0484 section 3.2. */
  readonly tokenFor: string | undefined;
}

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const COUNT = /^\+?\d{1,10}$/;

/** Children that are read, by name and namespace. */
const PARTS: ReadonlySet<string> = new Set([
  `initial-response ${NS.SASL2}`,
  `user-agent ${NS.SASL2}`,
  `resume ${NS.SM}`,
  `bind ${NS.BIND2}`,
  `fast ${NS.FAST}`,
  `request-token ${NS.FAST}`,
]);
/** Most characters of these parts together: names and a password of full length in base64, twice. */
const MAX_CHARS = 8192;

/** Throws SaslError. */
export function readRequest(element: ScannedElement): Sasl2Request {
  const authenticate = parseParts(element);
  const response = authenticate.child("initial-response", NS.SASL2);
  const id = authenticate.child("user-agent", NS.SASL2)?.attr("id");
  return {
    mechanism: authenticate.attr("mechanism") ?? "",
    data: response === undefined ? undefined : readInitialResponse(response),
    client: id !== undefined && UUID.test(id) ? id.toLowerCase() : undefined,
    resume: authenticate.child("resume", NS.SM),
    bind: authenticate.child("bind", NS.BIND2),
    fast: readFast(authenticate.child("fast", NS.FAST)),
    tokenFor: authenticate.child("request-token", NS.FAST)?.attr("mechanism"),
  };
}

/** The element without other children, which bounds the tree that a stranger can make the server build. */
function parseParts(element: ScannedElement): Element {
  const { text, innerStart, innerEnd, children, inherited } = element;
  const content = contentOf(element);
  let parts = "";
  for (const { name, ns, start, end } of children) {
    if (!PARTS.has(`${name} ${ns}`)) continue;
    if (parts.length + end - start > MAX_CHARS) throw new SaslError("malformed-request", "Too long");
    parts += content.slice(start, end);
  }
  const startTag = text.slice(0, innerStart);
  if (startTag.length > MAX_CHARS) throw new SaslError("malformed-request", "Too long");
  return Element.parse(startTag + parts + text.slice(innerEnd), "", inherited);
}

/** The data of `<response/>`. Throws SaslError. */
export function readResponse(element: ScannedElement): Uint8Array {
  if (element.children.length > 0) throw new SaslError("malformed-request");
  return decodeBase64(contentOf(element).trim());
}

/** Section 3.2: an empty element is data of length zero. */
function readInitialResponse(element: Element): Uint8Array {
  if (element.elements.length > 0) throw new SaslError("malformed-request");
  return decodeBase64(element.text.trim());
}

function readFast(fast: Element | undefined): FastLogin | undefined {
  if (fast === undefined) return undefined;
  const count = fast.attr("count");
  if (count !== undefined && !COUNT.test(count)) throw new SaslError("malformed-request", "Cannot read count");
  const invalidate = fast.attr("invalidate");
  return {
    count: count === undefined ? undefined : Number(count),
    invalidate: invalidate === "true" || invalidate === "1",
  };
}
