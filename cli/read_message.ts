/** A message stanza as text. @module */
import { StanzaError, StreamError } from "../xmpp/errors.ts";
import { NS } from "../xmpp/ns.ts";
import { Stanza } from "../xmpp/stanza.ts";
import { scanElement } from "../xmpp/xml/element_reader.ts";
import { DEFAULT_XML_LIMITS } from "../xmpp/xml/scanned_element.ts";
import { AccountError } from "./account_error.ts";
import { type ExplainedMessage, typeOf } from "./explain_arguments.ts";

const CLIENT_DEFAULT: ReadonlyMap<string, string> = new Map([["", NS.CLIENT]]);

/** In `jabber:client` unless it says otherwise. Throws XmlError, AccountError, UsageError. */
export function readMessage(text: string): ExplainedMessage {
  const { name, from, to, type, inner } = readStanza(text);
  if (name !== "message") throw new AccountError(`Cannot explain ${name}: only messages are explained`);
  if (to === undefined) throw new AccountError("Cannot explain message: it has no attribute to");
  return { ...(from && { from: from.text }), to: to.text, type: typeOf(type ?? "normal")!, xml: inner };
}

function readStanza(text: string): Stanza {
  try {
    return Stanza.fromScanned(scanElement(text.trim(), DEFAULT_XML_LIMITS, CLIENT_DEFAULT));
  } catch (error) {
    if (!(error instanceof StanzaError || error instanceof StreamError)) throw error;
    throw new AccountError(`Cannot read message: ${error.condition}`);
  }
}
