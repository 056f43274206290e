/** Stanzas on their way to whoever takes them for their recipient. @module */
import type { Jid } from "../xmpp/jid.ts";
import type { Stanza } from "../xmpp/stanza.ts";
import type { Envelope } from "./delivery/delivery_letter.ts";
import type { RouteOptions } from "./node.ts";

const NOWHERE: readonly Jid[] = [];

export function envelope(stanza: Stanza, options: RouteOptions): Envelope {
  return {
    kind: "stanza",
    stanza,
    replyTo: options.replyTo,
    notice: options.notice ?? false,
    seq: options.seq ?? 0,
    via: options.via ?? NOWHERE,
    rules: options.rules,
  };
}
