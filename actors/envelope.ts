/** Stanzas on their way to the delivery actor of their recipient. @module */
import type { Jid } from "../xmpp/jid.ts";
import type { Stanza } from "../xmpp/stanza.ts";
import type { RouteOptions } from "./node.ts";
import type { Envelope, Receipt, SentCopy } from "./protocol.ts";

const NOWHERE: readonly Jid[] = [];

export function envelope(stanza: Stanza, options: RouteOptions): Envelope {
  return {
    kind: "stanza",
    stanza,
    receipt: options.receipt,
    archiveSender: options.archiveSender ?? false,
    sentCopy: options.sentCopy,
    notice: options.notice ?? false,
    seq: options.seq ?? 0,
    via: options.via ?? NOWHERE,
    rules: options.rules,
  };
}

/** Of a message that a client has sent: most envelopes are, so no options are made for them first. */
export function clientEnvelope(
  stanza: Stanza,
  receipt: Receipt | undefined,
  archiveSender: boolean,
  sentCopy: SentCopy | undefined,
): Envelope {
  return {
    kind: "stanza",
    stanza,
    receipt,
    archiveSender,
    sentCopy,
    notice: false,
    seq: 0,
    via: NOWHERE,
    rules: undefined,
  };
}
