/** The header of a stream between servers: RFC 6120 section 4.7. @module */
import { NS } from "../../xmpp/ns.ts";
import { attr, xml } from "../../xmpp/xml/xml.ts";

export interface ServerHeader {
  readonly from: string;
  readonly to: string | undefined;
  /** Given by who receives the stream. */
  readonly id?: string | undefined;
}

/** The declared prefix of dialback tells that it is understood: XEP-0220 section 2.1.1. */
export function headerText({ from, to, id }: ServerHeader): string {
  return xml`<?xml version="1.0"?><stream:stream xmlns="${NS.SERVER}" xmlns:stream="${NS.STREAM}" xmlns:db="${NS.DIALBACK}" from="${from}"${attr("to", to)}${attr("id", id)} version="1.0" xml:lang="en">`
    .text;
}
