/** A message that the application sends, as a stanza. @module */
import type { Action, DeliverValue, MatchValue } from "../amp/rule.ts";
import { formatDateTime } from "../xmpp/date_time.ts";
import { Jid } from "../xmpp/jid.ts";
import { NS } from "../xmpp/ns.ts";
import { Stanza } from "../xmpp/stanza.ts";
import { type Markup, xml } from "../xmpp/xml/xml.ts";

/** A rule of XEP-0079 section 3.3. A date may be a Date, or a DateTime of XEP-0082. */
export type OutgoingRule =
  | { readonly condition: "deliver"; readonly value: DeliverValue; readonly action: Action }
  | { readonly condition: "expire-at"; readonly value: Date | string; readonly action: Action }
  | { readonly condition: "match-resource"; readonly value: MatchValue; readonly action: Action };

export interface OutgoingMessage {
  /** The server's first domain where it is left out. */
  readonly from?: string;
  /** Bare or full JID. */
  readonly to: string;
  readonly body?: string;
  /** Further content of the message, made with the `xml` template. */
  readonly content?: Markup;
  readonly type?: "chat" | "normal" | "headline";
  readonly id?: string;
  /** XEP-0079 rules, in their order. */
  readonly rules?: readonly OutgoingRule[];
}

/** Throws JidError. */
export function buildMessage(message: OutgoingMessage, domain: string, newId: () => string): Stanza {
  const { body, content, rules } = message;
  return Stanza.build(
    "message",
    {
      from: Jid.parse(message.from ?? domain),
      to: Jid.parse(message.to),
      id: message.id ?? newId(),
      type: message.type ?? "chat",
    },
    xml`${body !== undefined && xml`<body>${body}</body>`}${content}${rules !== undefined && ampOf(rules)}`,
  );
}

function ampOf(rules: readonly OutgoingRule[]): Markup {
  const elements = rules.map(
    ({ condition, value, action }) =>
      xml`<rule condition="${condition}" value="${value instanceof Date ? formatDateTime(value.getTime()) : value}" action="${action}"/>`,
  );
  return xml`<amp xmlns="${NS.AMP}">${elements}</amp>`;
}
