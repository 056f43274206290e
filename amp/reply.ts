/**
 * The one writer of `<amp/>`: events (XEP-0079 2.2.5, 3.4), refusals (6) and rules that travel on with a message (4).
 * @module
 */
import { conditionMarkup } from "../xmpp/condition_markup.ts";
import { Jid } from "../xmpp/jid.ts";
import { NS } from "../xmpp/ns.ts";
import { Stanza } from "../xmpp/stanza.ts";
import type { Markup } from "../xmpp/xml/xml.ts";
import { attr, raw, xml } from "../xmpp/xml/xml.ts";
import type { FaultKind, QuotedRule, Rule, RuleFault } from "./rule.ts";

const AMP = raw(NS.AMP);
const STATUS = { alert: raw("alert"), notify: raw("notify") };
const PER_HOP = attr("per-hop", "true");

/** Where a reply goes, and which message it is about. */
export interface ReplyAddress {
  /** The server's domain: every reply comes from it. */
  readonly domain: Jid;
  /** The full JID that sent the original message. */
  readonly sender: Jid;
  /** The original `id`, echoed as it was. */
  readonly id: string;
}

/** `recipient` is the address that the sender wrote, bare or full. */
export interface EventAddress extends ReplyAddress {
  readonly recipient: Jid;
}

/** XEP-0079 3.4.1 and 3.4.4: tells the sender which rule was met. Carries nothing of the original but its id. */
export function notice(action: "alert" | "notify", rule: Rule, address: EventAddress): Stanza {
  return message(address, noticeElement(action, rule, address));
}

function noticeElement(action: "alert" | "notify", rule: Rule, { sender, recipient }: EventAddress): Markup {
  const from = raw(sender.escaped);
  const to = raw(recipient.escaped);
  return xml`<amp xmlns="${AMP}" status="${STATUS[action]}" from="${from}" to="${to}">${ruleElement(rule)}</amp>`;
}

/** XEP-0079 3.4.3: the reply of the `error` action, with the rules that triggered it. */
export function failedRules(rules: readonly Rule[], address: EventAddress): Stanza {
  const from = raw(address.sender.escaped);
  const to = raw(address.recipient.escaped);
  const quoted = xml`<amp xmlns="${AMP}" status="error" from="${from}" to="${to}">${rules.map(ruleElement)}</amp>`;
  return errorMessage(
    address,
    xml`${quoted}
      <error type="modify" code="500">
        ${conditionMarkup("undefined-condition", NS.STANZAS, "A rule of the message was met that asks for an error.")}
        <failed-rules xmlns="${NS.AMP_ERRORS}">${rules.map(ruleElement)}</failed-rules>
      </error>`,
  );
}

/** The reply that a met rule sends; none for `drop` (3.4.2). */
export function ruleReply(rule: Rule, { sender, recipient, id }: Omit<EventAddress, "domain">): Stanza | undefined {
  if (rule.action === "drop") return undefined;
  const address = { domain: Jid.parse(recipient.domain), sender, recipient, id };
  return rule.action === "error" ? failedRules([rule], address) : notice(rule.action, rule, address);
}

/** XEP-0079 6: refuses a request, with every rule that is at fault. */
export function refusal(fault: RuleFault, address: ReplyAddress): Stanza {
  return errorMessage(
    address,
    xml`${quotedRules(fault.rules)}<error type="modify" code="${CODES[fault.kind]}">${condition(fault)}</error>`,
  );
}

/** XEP-0079 6.2.4: the next server on the route does not know this protocol. */
export function serviceUnavailable(rules: readonly Rule[], address: ReplyAddress): Stanza {
  return errorMessage(
    address,
    xml`${quotedRules(rules)}<error type="cancel" code="503">${conditionMarkup("service-unavailable", NS.STANZAS, "The next server on the way does not process rules.")}</error>`,
  );
}

/** XEP-0079 1.3: a message with rules must have an id. Without one the reply has an empty id. */
export function missingId(address: Omit<ReplyAddress, "id"> & { readonly id?: string }): Stanza {
  return errorMessage(address, badRequest("A message with rules needs an id."));
}

/** XEP-0079 4: `status` marks a report, which only a server sends; rules beside it would be ignored silently. */
export function forbiddenStatus(address: Omit<ReplyAddress, "id"> & { readonly id: string | undefined }): Stanza {
  const { id, ...rest } = address;
  return errorMessage(
    id === undefined ? rest : { ...rest, id },
    badRequest("Only a server may set a status on rules."),
  );
}

function badRequest(text: string): Markup {
  return xml`<error type="modify" code="400">${conditionMarkup("bad-request", NS.STANZAS, text)}</error>`;
}

/** XEP-0079 4.1: the rules as they leave the server, with the original addresses and without a status. */
export function ampElement(rules: readonly Rule[], perHop: boolean, from: Jid, to: Jid): Markup {
  return amp(rules, perHop, from, to);
}

function amp(rules: readonly Rule[], perHop: boolean, from: Jid, to: Jid): Markup {
  const rest = perHop && PER_HOP;
  return xml`<amp xmlns="${AMP}" from="${raw(from.escaped)}" to="${raw(to.escaped)}"${rest}>${rules.map(ruleElement)}</amp>`;
}

// The examples of section 6 have 405 for not-acceptable, where XEP-0086 has 406.
const CODES: Readonly<Record<FaultKind, number>> = {
  "invalid-rules": 405,
  "unsupported-actions": 400,
  "unsupported-conditions": 400,
};

const TEXTS: Readonly<Record<FaultKind, string>> = {
  "invalid-rules": "These rules are not valid, or there is no rule.",
  "unsupported-actions": "This server does not know the action of these rules.",
  "unsupported-conditions": "This server does not know the condition of these rules.",
};

function condition(fault: RuleFault): Markup {
  const rules = fault.rules.map(quotedRule);
  const text = fault.text ?? TEXTS[fault.kind];
  switch (fault.kind) {
    case "unsupported-actions":
      return xml`${conditionMarkup("bad-request", NS.STANZAS, text)}<unsupported-actions xmlns="${NS.AMP}">${rules}</unsupported-actions>`;
    case "unsupported-conditions":
      return xml`${conditionMarkup("bad-request", NS.STANZAS, text)}<unsupported-conditions xmlns="${NS.AMP}">${rules}</unsupported-conditions>`;
    case "invalid-rules": {
      // The schema wants at least one rule in <invalid-rules/>; a request without rules has none to show.
      const invalid = rules.length > 0 && xml`<invalid-rules xmlns="${NS.AMP}">${rules}</invalid-rules>`;
      return xml`${conditionMarkup("not-acceptable", NS.STANZAS, text)}${invalid}`;
    }
    default:
      return fault.kind satisfies never;
  }
}

function ruleElement({ action, condition, value }: Rule): Markup {
  return xml`<rule action="${action}" condition="${condition}" value="${value}"/>`;
}

function quotedRule({ action, condition, value }: QuotedRule): Markup {
  return xml`<rule${attr("action", action)}${attr("condition", condition)}${attr("value", value)}/>`;
}

/** As a refusal quotes them: without addresses. */
function quotedRules(rules: readonly QuotedRule[]): Markup {
  return xml`<amp xmlns="${AMP}">${rules.map(quotedRule)}</amp>`;
}

function message(address: ReplyAddress, inner: Markup): Stanza {
  return Stanza.build("message", { from: address.domain, to: address.sender, id: address.id }, inner);
}

function errorMessage(address: Omit<ReplyAddress, "id"> & { readonly id?: string }, inner: Markup): Stanza {
  return Stanza.build("message", { from: address.domain, to: address.sender, id: address.id, type: "error" }, inner);
}
