/** XEP-0079 as it is written: requests, events and refusals, in full, so that nothing more may be in them. @module */
import { NS } from "../../xmpp/ns.ts";
import { type Markup, xml } from "../../xmpp/xml/xml.ts";

/** `deliver direct notify`: condition, value, action. */
export type RuleText = string;

export const DELIVER = ["direct", "stored", "none", "forward", "gateway"] as const;
export type Deliver = (typeof DELIVER)[number];

export interface Parties {
  readonly domain: string;
  /** The sender's full JID. */
  readonly from: string;
  /** The address as the sender wrote it. */
  readonly to: string;
  readonly id?: string;
}

export function rule(text: RuleText): Markup {
  const [condition, value, action] = text.split(" ");
  return xml`<rule condition="${condition}" value="${value}" action="${action}"/>`;
}

/** A request for rules. */
export function amp(...rules: readonly RuleText[]): Markup {
  return xml`<amp xmlns="${NS.AMP}">${rules.map(rule)}</amp>`;
}

/** One `notify` for each value of `deliver`: which of them comes back tells what was done. */
export function whatever(action: string): Markup {
  return amp(...DELIVER.map((value) => `deliver ${value} ${action}`));
}

/** 3.4.1, 3.4.4: the whole event of an `alert` or a `notify`. */
export function notice(text: RuleText, { domain, from, to, id = "m1" }: Parties): Markup {
  const status = text.split(" ")[2];
  return xml`
    <message from="${domain}" to="${from}" id="${id}">
      <amp xmlns="${NS.AMP}" status="${status}" from="${from}" to="${to}">${rule(text)}</amp>
    </message>`;
}

/** 3.4.3: the whole reply of an `error`. */
export function failure(text: RuleText, { domain, from, to, id = "m1" }: Parties): Markup {
  return xml`
    <message from="${domain}" to="${from}" id="${id}" type="error">
      <amp xmlns="${NS.AMP}" status="error" from="${from}" to="${to}">${rule(text)}</amp>
      <error type="modify" code="500">
        <undefined-condition xmlns="${NS.STANZAS}"/><text xmlns="${NS.STANZAS}" xml:lang="en"/>
        <failed-rules xmlns="${NS.AMP_ERRORS}">${rule(text)}</failed-rules>
      </error>
    </message>`;
}

/** What the sender gets by this rule, if anything. */
export function reply(text: RuleText, parties: Parties): Markup | undefined {
  const action = text.split(" ")[2];
  if (action === "drop") return undefined;
  return action === "error" ? failure(text, parties) : notice(text, parties);
}
