/**
 * Clients ask what became of a message of their own, in a namespace of ours: docs/OUTCOMES.md. The answer tells a sender no more than
 * the recipient's presence and the rules of XEP-0079 would (outcomes/told_steps.ts).
 * @module
 */
import type { KeptTimeline, UserRecord } from "../store/store.ts";
import { StanzaError } from "../xmpp/errors.ts";
import { Jid } from "../xmpp/jid.ts";
import { NS } from "../xmpp/ns.ts";
import type { Markup } from "../xmpp/xml/xml.ts";
import { isBlocked } from "./blocking/block_list.ts";
import { get, type IqRequest, type ServerContext, type ServerModule } from "./module.ts";
import { timelineMarkup } from "./outcomes/timeline_markup.ts";
import { type Teller, toldSteps } from "./outcomes/told_steps.ts";

/** Of ids, as clients choose them. */
const MAX_ID = 1024;
const features = ({ tracking }: ServerContext["settings"]) => (tracking === "none" ? [] : [NS.OUTCOMES]);

export const outcomes: ServerModule = {
  name: "outcomes",
  xeps: [],
  features,
  accountFeatures: features,
  iq: { [get(NS.OUTCOMES, "timeline")]: onTimeline },
};

async function onTimeline(iq: IqRequest, context: ServerContext): Promise<Markup> {
  const timeline = await find(iq, context);
  // Somebody else's is like one that is not there. What the application has sent under a key is its own.
  if (timeline === undefined || timeline.key !== undefined || !Jid.parse(timeline.from).bare.equals(iq.from.bare)) {
    throw new StanzaError("item-not-found");
  }
  const { steps, isPartial } = toldSteps(timeline, await tellerFor(iq.from, Jid.parse(timeline.to), context));
  return timelineMarkup(timeline, steps, isPartial);
}

async function find({ payload, from }: IqRequest, { store }: ServerContext): Promise<KeptTimeline | undefined> {
  const id = payload.attr("id");
  const [stanza, recipient] = [payload.attr("stanza"), payload.attr("to")];
  if (id !== undefined && stanza === undefined && recipient === undefined) return store.timeline(given(id));
  const to = recipient === undefined ? undefined : Jid.tryParse(recipient);
  if (id !== undefined || stanza === undefined || to === undefined) throw new StanzaError("bad-request");
  const query = { from: from.bare.text, to: to.bare.text, stanza: given(stanza), limit: 1 };
  const [newest] = await store.timelines(query);
  return newest && store.timeline(newest.id);
}

function given(id: string): string {
  if (id === "" || id.length > MAX_ID) throw new StanzaError("bad-request");
  return id;
}

async function tellerFor(asker: Jid, to: Jid, context: ServerContext): Promise<Teller> {
  return { to, maySee: await maySee(asker, to, context) };
}

/** Whether it sees the recipient's presence, as validation asks for rules that report. What is no account of ours has none to hide. */
async function maySee(asker: Jid, to: Jid, { settings, store }: ServerContext): Promise<boolean> {
  if (settings.presencePolicy === "open" || to.local === "" || !settings.domains.includes(to.domain)) return true;
  if (to.bare.equals(asker.bare)) return true;
  const recipient = await store.user(to.bare.text);
  return recipient !== undefined && shows(recipient, asker);
}

function shows({ roster, blocked }: UserRecord, asker: Jid): boolean {
  if (isBlocked(new Set(blocked), asker)) return false;
  const item = roster.find(({ jid }) => jid === asker.bare.text);
  return item?.subscription === "from" || item?.subscription === "both";
}
