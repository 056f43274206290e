import { ElementScanner } from "./element_scanner.ts";
import { Scan } from "./scan.ts";
import type { ScannedElement, XmlLimits } from "./scanned_element.ts";
import { declarationEnd } from "./xml_declaration.ts";

export { ElementScanner } from "./element_scanner.ts";
export {
  attribute,
  contentOf,
  DEFAULT_XML_LIMITS,
  type ScannedAttribute,
  type ScannedChild,
  type ScannedElement,
  type XmlLimits,
} from "./scanned_element.ts";
export { type StreamEvents, StreamScanner } from "./stream_scanner.ts";
export { declarationEnd } from "./xml_declaration.ts";
export { XmlError, type XmlErrorCondition } from "./xml_error.ts";

/**
 * Scans exactly one element: a WebSocket frame (RFC 7395), a BOSH body, a slice of a parent.
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
  return new ElementScanner(limits).element(text, inherited, declaration ? declarationEnd(text) : 0);
}

/**
 * The namespaces that hold inside an element, by prefix; "" is the default namespace, "" where there is none.
 * @param startTag the element's start tag, or an empty element
 * @throws XmlError
 */
export function declaredNamespaces(startTag: string, limits: XmlLimits): ReadonlyMap<string, string> {
  return new Scan(limits).header(startTag, 0).namespaces;
}
