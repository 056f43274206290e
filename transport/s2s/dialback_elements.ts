/** The elements of dialback: XEP-0220. @module */
import { Jid } from "../../xmpp/jid.ts";
import { NS } from "../../xmpp/ns.ts";
import { StanzaError } from "../../xmpp/stanza.ts";
import type { StanzaErrorCondition } from "../../xmpp/stanza_condition.ts";
import { attribute, type ScannedElement } from "../../xmpp/xml/scanned_element.ts";
import { type Markup, raw, xml } from "../../xmpp/xml/xml.ts";
import { textOf } from "./server_stanza.ts";

export interface DialbackElement {
  readonly name: "result" | "verify";
  /** Canonical domains. */
  readonly from: string;
  readonly to: string;
  readonly id: string;
  readonly type: string | undefined;
  readonly key: string;
}

export interface DialbackAddress {
  readonly name: "result" | "verify";
  readonly from: string;
  readonly to: string;
  /** Of the stream, for `verify`. */
  readonly id?: string | undefined;
}

/** Undefined: another element, or one without legal domains. */
export function readDialback(element: ScannedElement): DialbackElement | undefined {
  const { name, ns } = element;
  if (ns !== NS.DIALBACK || (name !== "result" && name !== "verify")) return undefined;
  const from = domainOf(attribute(element, "from"));
  const to = domainOf(attribute(element, "to"));
  if (from === undefined || to === undefined) return undefined;
  const key = element.children.length === 0 ? textOf(element) : "";
  return { name, from, to, id: attribute(element, "id") ?? "", type: attribute(element, "type"), key };
}

/** A key that is offered, or asked about. */
export function keyText(address: DialbackAddress, key: string): string {
  return element(address, undefined, xml`${key}`);
}

export function verdictText(address: DialbackAddress, type: "valid" | "invalid"): string {
  return element(address, type, raw(""));
}

/** XEP-0220 section 2.4. */
export function dialbackErrorText(address: DialbackAddress, condition: StanzaErrorCondition): string {
  return element(address, "error", new StanzaError(condition).toMarkup());
}

function element({ name, from, to, id }: DialbackAddress, type: string | undefined, inner: Markup): string {
  const attributes = xml` from="${from}" to="${to}"`.text;
  const idText = id === undefined ? "" : xml` id="${id}"`.text;
  const typeText = type === undefined ? "" : ` type="${type}"`;
  return `<db:${name}${attributes}${idText}${typeText}>${inner.text}</db:${name}>`;
}

/** The canonical form of an address that is a domain. */
export function domainOf(text: string | undefined): string | undefined {
  const jid = text === undefined || text === "" ? undefined : Jid.tryParse(text);
  return jid !== undefined && jid.local === "" && jid.resource === "" ? jid.domain : undefined;
}
