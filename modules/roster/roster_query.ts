/** The reader and the writers of `<query xmlns="jabber:iq:roster"/>`. RFC 6121 section 2. @module */
import type { RosterItem } from "../../store/store.ts";
import { StanzaError } from "../../xmpp/errors.ts";
import { Jid } from "../../xmpp/jid.ts";
import { NS } from "../../xmpp/ns.ts";
import { ownCopy } from "../../xmpp/own_copy.ts";
import type { Element } from "../../xmpp/xml/element.ts";
import { attr, type Markup, xml } from "../../xmpp/xml/xml.ts";

/** Longest name and longest group, in UTF-16 units. */
export const MAX_NAME_LENGTH = 1023;
/** Most groups of one item; the length counts their names together. */
export const MAX_GROUPS = 100;
const MAX_GROUPS_LENGTH = 10_000;

/** The change that a roster set asks for. */
export type RosterChange =
  | { readonly kind: "remove"; readonly jid: Jid }
  | { readonly kind: "put"; readonly jid: Jid; readonly name: string; readonly groups: readonly string[] };

/** Reads a roster set. Throws the StanzaErrors of RFC 6121 section 2.3.3. */
export function readRosterSet(query: Element): RosterChange {
  const [item, ...others] = query.childrenNamed("item", NS.ROSTER);
  if (item === undefined || others.length > 0) throw new StanzaError("bad-request");
  const jid = Jid.tryParse(item.attr("jid") ?? "")?.bare;
  if (jid === undefined) throw new StanzaError("bad-request");
  // RFC 6121 section 2.1.2.5: any other value of 'subscription' is ignored in a roster set.
  if (item.attr("subscription") === "remove") return { kind: "remove", jid };
  const name = item.attr("name") ?? "";
  if (name.length > MAX_NAME_LENGTH) throw new StanzaError("not-acceptable");
  return { kind: "put", jid, name: ownCopy(name), groups: readGroups(item).map(ownCopy) };
}

function readGroups(item: Element): string[] {
  const groups = item.childrenNamed("group", NS.ROSTER).map((group) => group.text);
  if (new Set(groups).size < groups.length) throw new StanzaError("bad-request");
  const acceptable = groups.every((group) => group !== "" && group.length <= MAX_NAME_LENGTH);
  const length = groups.reduce((sum, group) => sum + group.length, 0);
  if (!acceptable || groups.length > MAX_GROUPS || length > MAX_GROUPS_LENGTH) throw new StanzaError("not-acceptable");
  return groups;
}

/** A roster result, or a roster push where it has one item. */
export function rosterQuery(items: Iterable<RosterItem>, version: number): Markup {
  return xml`<query xmlns="${NS.ROSTER}" ver="${version}">${Array.from(items, rosterItem)}</query>`;
}

/** The push of an item that is gone (RFC 6121 section 2.5.2). */
export function rosterRemoval(jid: Jid, version: number): Markup {
  return xml`<query xmlns="${NS.ROSTER}" ver="${version}"><item jid="${jid.text}" subscription="remove"/></query>`;
}

/** Items are values, replaced when they change, so each is written once, however often the roster is read. */
const WRITTEN = new WeakMap<RosterItem, Markup>();

/** How long the items are as they are sent, in UTF-16 units. */
export function rosterLength(items: Iterable<RosterItem>): number {
  let length = 0;
  for (const item of items) length += rosterItem(item).text.length;
  return length;
}

function rosterItem(item: RosterItem): Markup {
  let written = WRITTEN.get(item);
  if (written === undefined) {
    written = writeItem(item);
    WRITTEN.set(item, written);
  }
  return written;
}

function writeItem(item: RosterItem): Markup {
  const optional = [
    attr("name", item.name || undefined),
    attr("ask", item.ask ? "subscribe" : undefined),
    attr("approved", item.approved ? "true" : undefined),
  ];
  const groups = item.groups.map((group) => xml`<group>${group}</group>`);
  return xml`<item jid="${item.jid}" subscription="${item.subscription}"${optional}>${groups}</item>`;
}
