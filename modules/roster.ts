/**
 * The roster: read, changed, removed from, with versions and pre-approval announced. RFC 6121 sections 2 and 3.4.
 * The subscriptions that its items hold are changed by roster/subscription_flow.ts.
 * @module
 */
import type { RosterItem } from "../store/store.ts";
import { StanzaError } from "../xmpp/errors.ts";
import { NS } from "../xmpp/ns.ts";
import { type Markup, xml } from "../xmpp/xml/xml.ts";
import { type AccountContext, get, type IqRequest, type ServerModule, set } from "./module.ts";
import { requireOwner } from "./owner_only.ts";
import { readRosterSet, rosterLength, rosterQuery } from "./roster/roster_query.ts";
import { MAX_ANSWER } from "./within_length.ts";

/** The mark of an interested resource (RFC 6121 section 2.2): it has requested the roster and gets roster pushes. */
export const INTERESTED = "roster";

export const roster: ServerModule = {
  name: "roster",
  xeps: [
    { rfc: 6121, title: "Instant Messaging and Presence", status: "complete" },
    { xep: 237, title: "Roster Versioning", version: "1.3", status: "complete" },
  ],
  features: [NS.ROSTER],
  streamFeatures: (stage) =>
    stage === "bind" ? xml`<ver xmlns="${NS.ROSTERVER}"/><sub xmlns="${NS.PREAPPROVAL}"/>` : undefined,
  accountIq: {
    [get(NS.ROSTER, "query")]: read,
    [set(NS.ROSTER, "query")]: change,
  },
};

function read(iq: IqRequest, context: AccountContext): Markup | undefined {
  requireOwner(iq, context);
  if (iq.payload.elements.length > 0) throw new StanzaError("bad-request");
  context.mark(iq.from.resource, INTERESTED, true);
  // RFC 6121 section 2.6.2: an empty result where the client's copy is the current one.
  if (iq.payload.attr("ver") === String(context.rosterVersion)) return undefined;
  return rosterQuery(context.roster.values(), context.rosterVersion);
}

async function change(iq: IqRequest, context: AccountContext): Promise<undefined> {
  requireOwner(iq, context);
  const wanted = readRosterSet(iq.payload);
  const known = context.roster.get(wanted.jid.text);
  if (wanted.kind === "remove") {
    if (known === undefined) throw new StanzaError("item-not-found");
    await context.removeRosterItem(wanted.jid);
    return;
  }
  if (known === undefined && context.roster.size >= context.settings.rosterItems) {
    throw new StanzaError("resource-constraint");
  }
  const item: RosterItem = {
    jid: wanted.jid.text,
    name: wanted.name,
    groups: wanted.groups,
    subscription: known?.subscription ?? "none",
    ask: known?.ask ?? false,
    approved: known?.approved ?? false,
  };
  const length = rosterLength(context.roster.values()) - (known === undefined ? 0 : rosterLength([known]));
  if (length + rosterLength([item]) > MAX_ANSWER) throw new StanzaError("resource-constraint");
  await context.putRosterItem(item);
}
