/**
 * Blocking Command: the block list is read and changed here, and holds for what the account sends. What others send it is
 * part of the plan (actors/delivery/plan_input.ts). XEP-0191 v1.3.
 * Blocking is polite: subscriptions stay, and the blocked contact sees the user go offline (section 4).
 * @module
 */
import { StanzaError } from "../xmpp/errors.ts";
import { Jid } from "../xmpp/jid.ts";
import { NS } from "../xmpp/ns.ts";
import { Stanza } from "../xmpp/stanza.ts";
import { type Markup, xml } from "../xmpp/xml/xml.ts";
import { blockedError, hasBlocked, isBlocked, readJids } from "./blocking/block_list.ts";
import { KeptAnswer } from "./kept_answer.ts";
import { type AccountContext, get, type IqRequest, type ServerModule, set } from "./module.ts";
import { requireOwner } from "./owner_only.ts";
import { MAX_ANSWER } from "./within_length.ts";

/** The mark of a resource that has asked for the block list, and gets the pushes (section 3.2). */
const INFORMED = "blocking";

/** Most entries of one account; a larger list is refused with resource-constraint. */
const MAX_BLOCKED = 10_000;
const LIST = new KeptAnswer("block list");

export const blocking: ServerModule = {
  name: "blocking",
  xeps: [{ xep: 191, title: "Blocking Command", version: "1.3", status: "complete" }],
  features: [NS.BLOCKING],
  accountFeatures: [NS.BLOCKING],
  accountIq: {
    [get(NS.BLOCKING, "blocklist")]: read,
    [set(NS.BLOCKING, "block")]: block,
    [set(NS.BLOCKING, "unblock")]: unblock,
  },
  // Section 3.3.
  message: { outgoing: ({ to }, account) => (hasBlocked(account, to!) ? blockedError() : undefined) },
};

function read(iq: IqRequest, context: AccountContext): Markup {
  requireOwner(iq, context);
  context.mark(iq.from.resource, INFORMED, true);
  return LIST.get(context, context.blocked, () => blocklist(context));
}

function blocklist({ blocked }: AccountContext): Markup {
  return xml`<blocklist xmlns="${NS.BLOCKING}">${items(blocked)}</blocklist>`;
}

async function block(iq: IqRequest, context: AccountContext): Promise<undefined> {
  requireOwner(iq, context);
  const jids = readItems(iq);
  // Section 3.3: an empty `<block/>` is an error; an empty `<unblock/>` unblocks everything.
  if (jids.length === 0) throw new StanzaError("bad-request");
  const more = items(jids.map((jid) => jid.text));
  const length = LIST.length(context, context.blocked, () => blocklist(context));
  const isTooLong = length + more.reduce((sum, { text }) => sum + text.length, 0) > MAX_ANSWER;
  if (isTooLong || context.blocked.size + jids.length > MAX_BLOCKED) throw new StanzaError("resource-constraint");
  const before = new Set(context.blocked);
  await context.block(jids);
  push(context, xml`<block xmlns="${NS.BLOCKING}">${more}</block>`);
  const after = new Set([...before, ...jids.map((jid) => jid.text)]);
  tell(context, (contact) => !isBlocked(before, contact) && isBlocked(after, contact), unavailable);
}

async function unblock(iq: IqRequest, context: AccountContext): Promise<undefined> {
  requireOwner(iq, context);
  const jids = readItems(iq);
  const before = new Set(context.blocked);
  if (jids.some((jid) => !before.has(jid.text))) throw new StanzaError("item-not-found");
  await context.unblock(jids.length === 0 ? undefined : jids);
  push(context, xml`<unblock xmlns="${NS.BLOCKING}">${items(jids.map((jid) => jid.text))}</unblock>`);
  const gone = new Set(jids.map((jid) => jid.text));
  const after = new Set(jids.length === 0 ? [] : [...before].filter((text) => !gone.has(text)));
  tell(context, (contact) => isBlocked(before, contact) && !isBlocked(after, contact), current);
}

function readItems(iq: IqRequest): readonly Jid[] {
  const texts = iq.payload.childrenNamed("item", NS.BLOCKING).map((item) => item.attr("jid"));
  const jids = readJids(texts);
  if (jids === undefined) throw new StanzaError("bad-request");
  return jids;
}

function items(jids: Iterable<string>): Markup[] {
  return Array.from(jids, (jid) => xml`<item jid="${jid}"/>`);
}

function push(context: AccountContext, payload: Markup): void {
  for (const { jid, marks } of context.resources) {
    if (!marks.has(INFORMED)) continue;
    const stanza = Stanza.build("iq", { from: context.owner, to: jid, type: "set", id: context.newId() }, payload);
    context.toResource(jid.resource, stanza);
  }
}

/** Sections 3.3 and 3.4: contacts who may see presence are told when the change concerns them. */
function tell(context: AccountContext, changed: (contact: Jid) => boolean, presence: (own: Stanza) => Stanza): void {
  const contacts = [...context.roster.values()]
    .filter((item) => item.subscription === "from" || item.subscription === "both")
    .map((item) => Jid.parse(item.jid))
    .filter(changed);
  for (const resource of context.resources) {
    if (!resource.available || resource.presence === undefined) continue;
    const stanza = presence(resource.presence).readdress({ from: resource.jid });
    for (const contact of contacts) context.route(stanza.readdress({ to: contact }));
  }
}

function current(own: Stanza): Stanza {
  return own;
}

function unavailable(): Stanza {
  return Stanza.build("presence", { type: "unavailable" });
}
