/** What another server offers on a stream: RFC 6120 section 4.3.2. @module */
import { NS } from "../../xmpp/ns.ts";
import { Element } from "../../xmpp/xml/element.ts";
import type { ScannedElement } from "../../xmpp/xml/scanned_element.ts";

export interface PeerFeatures {
  readonly startTls: boolean;
  readonly external: boolean;
  readonly dialback: boolean;
  readonly sm: boolean;
  readonly bidi: boolean;
}

/** @throws Error when the text is not well-formed */
export function readFeatures(element: ScannedElement): PeerFeatures {
  const features = Element.parse(element.text, NS.CLIENT, element.inherited);
  const mechanisms = features.child("mechanisms", NS.SASL)?.childrenNamed("mechanism", NS.SASL) ?? [];
  return {
    startTls: features.child("starttls", NS.TLS) !== undefined,
    external: mechanisms.some(({ text }) => text.trim() === "EXTERNAL"),
    dialback: features.child("dialback", NS.DIALBACK_FEATURE) !== undefined,
    sm: features.child("sm", NS.SM) !== undefined,
    bidi: features.child("bidi", NS.BIDI_FEATURE) !== undefined,
  };
}
