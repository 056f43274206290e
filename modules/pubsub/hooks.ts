/**
 * Notifications that PEP sends by itself: a resource has come, may see more, or has announced its interests. XEP-0163
 * section 4.3.3. @module
 */
import type { Jid } from "../../xmpp/jid.ts";
import type { Stanza } from "../../xmpp/stanza.ts";
import { mayAsk, type Waiting } from "../caps/caps_questions.ts";
import type { AccountContext, AccountHooks, Effect } from "../module.ts";
import { carryOut } from "./event.ts";
import { lastItems } from "./last_items.ts";
import { cancelSubscriptions } from "./subscription_requests.ts";
import { answered, ask, proved, unwatch, type Watching, watch, watchersFrom } from "./watchers.ts";

export const pepHooks: AccountHooks = {
  presence: ({ resource, stanza }, context) => effectsOf([watch(resource.jid, stanza, context)], context),
  incomingPresence: (stanza, context) => {
    const { from, type } = stanza;
    if (from === undefined) return [];
    if (type === "unavailable") unwatch(from, context);
    if (type !== undefined || !isContact(from, context)) return [];
    return effectsOf([watch(from, stanza, context)], context);
  },
  resourceEnded: ({ jid }, context) => unwatch(jid, context),
  iqAnswer: (stanza, context) => effectsOf(answered(stanza, context), context),
  subscription: async ({ contact, from }, context) => {
    if (from) return await effectsOf(watchersFrom(contact, context), context);
    await cancelSubscriptions(contact, context);
    return [];
  },
};

function isContact(jid: Jid, context: AccountContext): boolean {
  return context.roster.has(jid.bare.text);
}

/** No promise when nobody is interested: presences are frequent. */
function effectsOf(
  watchings: readonly Watching[],
  context: AccountContext,
): readonly Effect[] | Promise<readonly Effect[]> {
  const asks = watchings.flatMap((watching) => (watching.kind === "unknown" ? question(watching, context) : []));
  const wants = watchings.filter((watching) => watching.kind === "wants");
  if (wants.length === 0) return asks;
  return Promise.all(wants.map(({ jid, interests }) => lastItems(jid, interests, context))).then((lists) => [
    ...asks,
    ...lists.flat(),
  ]);
}

type Unknown = Extract<Watching, { kind: "unknown" }>;

/** Sends the query unless one is out for that hash; otherwise its answer is used here too. */
function question({ jid, name }: Unknown, context: AccountContext): readonly Effect[] {
  const asking = () => askEffect(ask(jid, name, context), context);
  const waiting: Waiting = {
    account: context.owner.text,
    told: () => void perform(effectsOf(proved(name, context), context), context),
    canAsk: () => context.sharesPresenceWith(jid),
    ask: () => void perform([asking()], context),
  };
  return mayAsk(name, waiting, context) ? [asking()] : [];
}

/** Runs outside of a hook: the answer came to another account. */
async function perform(
  effects: readonly Effect[] | Promise<readonly Effect[]>,
  context: AccountContext,
): Promise<void> {
  try {
    for (const effect of await effects) carryOut(effect, context);
  } catch (error) {
    context.log.error("cannot notify of personal events", { account: context.owner.text, error });
  }
}

function askEffect(stanza: Stanza, context: AccountContext): Effect {
  const { to } = stanza;
  if (to?.bare.equals(context.owner)) return { kind: "resource", resource: to.resource, stanza };
  return { kind: "route", stanza };
}
