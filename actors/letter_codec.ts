/** Letters as text, for another process: values of the protocol stand as their text. @module */
import { StoreFault } from "../store/store.ts";
import { StanzaError, StreamError } from "../xmpp/errors.ts";
import { Jid } from "../xmpp/jid.ts";
import { Stanza } from "../xmpp/stanza.ts";
import { raw } from "../xmpp/xml/xml.ts";
import type { Address } from "./address.ts";
import type { Letters } from "./post.ts";

export interface Frame {
  readonly to: Address;
  readonly letter: Letters[keyof Letters];
}

/** The key that marks such a value; the letter's own keys never begin so. */
const KIND = "$";

export function writeFrame(frame: Frame): string {
  return JSON.stringify(frame, (_, value) => plain(value));
}

export function readFrame(text: string): Frame {
  return JSON.parse(text, (_, value) => revived(value));
}

function plain(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (value instanceof Jid) return { [KIND]: "jid", text: value.text };
  if (value instanceof Stanza) return { [KIND]: "stanza", text: value.write() };
  if (value instanceof Set) return { [KIND]: "set", values: [...value] };
  if (value instanceof Map) return { [KIND]: "map", entries: [...value] };
  if (value instanceof StreamError) {
    const { condition, text, application } = value;
    return { [KIND]: "stream-error", condition, text, application: application?.text };
  }
  if (value instanceof StanzaError) {
    const { condition, type, text, application } = value;
    return { [KIND]: "stanza-error", condition, type, text, application: application?.text };
  }
  if (value instanceof StoreFault) return { [KIND]: "fault", kind: value.kind, message: value.message };
  if (value instanceof Error) return { [KIND]: "error", message: value.message };
  return value;
}

// biome-ignore lint/suspicious/noExplicitAny: what JSON.parse gives has any shape
function revived(value: any): unknown {
  if (typeof value !== "object" || value === null || !(KIND in value)) return value;
  const application = value.application === undefined ? undefined : raw(value.application);
  switch (value[KIND]) {
    case "jid":
      return Jid.parse(value.text);
    case "stanza":
      return Stanza.parse(value.text);
    case "set":
      return new Set(value.values);
    case "map":
      return new Map(value.entries);
    case "stream-error":
      return new StreamError(value.condition, { text: value.text, application });
    case "stanza-error":
      return new StanzaError(value.condition, { type: value.type, text: value.text, application });
    case "fault":
      return new StoreFault(value.kind, value.message);
    case "error":
      return new Error(value.message);
    default:
      throw new Error(`Cannot read letter: unknown kind ${value[KIND]}`);
  }
}
