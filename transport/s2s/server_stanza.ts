/**
 * `jabber:server` on the wire, `jabber:client` within the server: RFC 6120 section 4.8.3. Only the start tag differs, its children inherit. @module
 */
import { StreamError } from "../../xmpp/errors.ts";
import { NS } from "../../xmpp/ns.ts";
import { Stanza } from "../../xmpp/stanza.ts";
import { scanElement } from "../../xmpp/xml/element_reader.ts";
import { contentOf, type ScannedElement, type XmlLimits } from "../../xmpp/xml/scanned_element.ts";

/** Of a stream between servers, or of a component (XEP-0114). */
export type ContentNamespace = typeof NS.SERVER | typeof NS.COMPONENT;

const CLIENT_DECLARATION = ` xmlns="${NS.CLIENT}"`;
/** Up to the default namespace of a start tag; quoted values are passed over. */
const TO_DECLARATION =
  /^(<[^\s/>]+(?:\s+[^\s=]+\s*=\s*(?:"[^"]*"|'[^']*'))*?)\s+xmlns\s*=\s*(?:"jabber:(?:server|component:accept)"|'jabber:(?:server|component:accept)')/;

/** The text for a stream between servers. */
export function serverText(stanza: Stanza): string {
  const text = stanza.write();
  // Stanza writes it as the first attribute.
  const at = stanza.name.length + 1;
  return text.startsWith(CLIENT_DECLARATION, at)
    ? text.slice(0, at) + text.slice(at + CLIENT_DECLARATION.length)
    : text;
}

/** For StreamEvents.namespaces: children of the stream are read as if it were a client's. */
export function asClientNamespaces(
  declared: ReadonlyMap<string, string>,
  content: ContentNamespace = NS.SERVER,
): ReadonlyMap<string, string> {
  return new Map([...declared].map(([prefix, ns]) => [prefix, ns === content ? NS.CLIENT : ns]));
}

/**
 * The stanza in an element that was read with asClientNamespaces().
 * @throws StreamError, StanzaError as Stanza.fromScanned
 */
export function readServerStanza(
  element: ScannedElement,
  limits: XmlLimits,
  content: ContentNamespace = NS.SERVER,
): Stanza {
  // It declares the namespace itself.
  if (element.ns === content) return Stanza.fromScanned(scanElement(redeclared(element), limits, element.inherited));
  return Stanza.fromScanned(element);
}

function redeclared({ text }: ScannedElement): string {
  if (!TO_DECLARATION.test(text)) throw new StreamError("invalid-namespace");
  return text.replace(TO_DECLARATION, (_, start: string) => `${start} xmlns="${NS.CLIENT}"`);
}

/** Text of an element that holds nothing else, such as a key. */
export function textOf(element: ScannedElement): string {
  return element.children.length === 0 ? contentOf(element).trim() : "";
}
