/**
 * Personal Eventing: every account is a pubsub service of its own. XEP-0163 v1.2.2 with the part of XEP-0060 v1.30.0
 * that clients use for it.
 * @module
 */
import { StanzaError } from "../xmpp/errors.ts";
import { NS } from "../xmpp/ns.ts";
import type { Element } from "../xmpp/xml/element.ts";
import type { Markup } from "../xmpp/xml/xml.ts";
import { notifyBookmarkStorage, publishBookmarkStorage, retrieveBookmarkStorage } from "./bookmarks/bookmark_node.ts";
import { BOOKMARK_STORAGE, BOOKMARKS, MAX_BOOKMARK } from "./bookmarks/bookmark_storage.ts";
import { type AccountContext, get, type IqHandler, type IqRequest, type ServerModule, set } from "./module.ts";
import { requireOwner } from "./owner_only.ts";
import { pepHooks } from "./pubsub/hooks.ts";
import { publishAnswer, publishItem, readPublish, retractItem, retrieveItems } from "./pubsub/item_requests.ts";
import {
  affiliations,
  changeAffiliations,
  changeSubscriptions,
  configuration,
  configure,
  createNode,
  defaultConfiguration,
  deleteNode,
  purgeNode,
  subscriptions,
} from "./pubsub/owner_requests.ts";
import { unsupported } from "./pubsub/pubsub_error.ts";
import { ownAffiliations, ownSubscriptions, subscribe, unsubscribe } from "./pubsub/subscription_requests.ts";
import { AVATAR_METADATA, takeOverAvatar } from "./vcard/avatar_conversion.ts";

/** XEP-0060 section 10, each behind `http://jabber.org/protocol/pubsub#`. */
const FEATURES = [
  "access-open",
  "access-presence",
  "access-roster",
  "access-whitelist",
  "auto-create",
  "auto-subscribe",
  "config-node",
  "config-node-max",
  "create-and-configure",
  "create-nodes",
  "delete-items",
  "delete-nodes",
  "filtered-notifications",
  "instant-nodes",
  "item-ids",
  "last-published",
  "manage-subscriptions",
  "member-affiliation",
  "meta-data",
  "modify-affiliations",
  "multi-items",
  "outcast-affiliation",
  "persistent-items",
  "presence-notifications",
  "presence-subscribe",
  "publish",
  "publish-options",
  "publisher-affiliation",
  "purge-nodes",
  "retract-items",
  "retrieve-affiliations",
  "retrieve-default",
  "retrieve-items",
  "retrieve-subscriptions",
  "subscribe",
];

export const pep: ServerModule = {
  name: "pep",
  xeps: [
    { xep: 60, title: "Publish-Subscribe", version: "1.30.0", status: "partial", note: "on accounts, as PEP" },
    { xep: 163, title: "Personal Eventing Protocol", version: "1.2.2", status: "complete" },
    { xep: 222, title: "Persistent Storage of Public Data via PubSub", version: "1.0", status: "complete" },
    { xep: 223, title: "Persistent Storage of Private Data via PubSub", version: "1.1.1", status: "complete" },
    { xep: 84, title: "User Avatar", version: "1.1.4", status: "complete" },
    { xep: 172, title: "User Nickname", version: "1.1", status: "complete" },
    { xep: 402, title: "PEP Native Bookmarks", version: "1.2.0", status: "complete" },
    { xep: 48, title: "Bookmarks", version: "1.2", status: "complete", note: "a view on those of XEP-0402" },
  ],
  // By XEP-0163 section 6.1 clients ask the account; some (Smack, for XEP-0384) ask the domain.
  features: [NS.PUBSUB],
  accountIdentities: [{ category: "pubsub", type: "pep" }],
  accountFeatures: [
    NS.PUBSUB,
    ...FEATURES.map((feature) => `${NS.PUBSUB}#${feature}`),
    `${BOOKMARKS}#compat`,
    `${BOOKMARKS}#compat-pep`,
  ],
  accountIq: {
    [get(NS.PUBSUB, "pubsub")]: (iq, context) => dispatch(GETS, iq, context),
    [set(NS.PUBSUB, "pubsub")]: (iq, context) => dispatch(SETS, iq, context),
    [get(NS.PUBSUB_OWNER, "pubsub")]: (iq, context) => dispatchOwner(OWNER_GETS, iq, context),
    [set(NS.PUBSUB_OWNER, "pubsub")]: (iq, context) => dispatchOwner(OWNER_SETS, iq, context),
  },
  hooks: pepHooks,
};

type Answer = ReturnType<IqHandler<AccountContext>>;
type Action = (element: Element, iq: IqRequest, context: AccountContext) => Answer;
type Actions = Readonly<Record<string, Action>>;

const GETS: Actions = {
  items: retrieve,
  subscriptions: ownSubscriptions,
  affiliations: ownAffiliations,
  options: () => refuse("subscription-options"),
  default: () => refuse("retrieve-default-sub"),
};

const SETS: Actions = {
  publish: publishAndConvert,
  retract: retractAndConvert,
  subscribe,
  unsubscribe,
  create: (element, iq, context) => {
    requireOwner(iq, context);
    return createNode(element, iq, context);
  },
  options: () => refuse("subscription-options"),
};

const OWNER_GETS: Actions = {
  configure: configuration,
  default: defaultConfiguration,
  subscriptions,
  affiliations,
};

const OWNER_SETS: Actions = {
  configure,
  delete: deleteNode,
  purge: purgeNode,
  subscriptions: changeSubscriptions,
  affiliations: changeAffiliations,
};

function dispatchOwner(actions: Actions, iq: IqRequest, context: AccountContext): Answer {
  requireOwner(iq, context);
  return dispatch(actions, iq, context);
}

/** The first child that names an action decides; others (publish-options, configure) belong to it. */
function dispatch(actions: Actions, iq: IqRequest, context: AccountContext): Answer {
  for (const element of iq.payload.elements) {
    if (element.ns === iq.payload.ns && Object.hasOwn(actions, element.name)) {
      return actions[element.name]!(element, iq, context);
    }
  }
  throw new StanzaError(iq.payload.elements.length === 0 ? "bad-request" : "feature-not-implemented");
}

function refuse(feature: string): never {
  throw unsupported(feature);
}

async function retrieve(element: Element, iq: IqRequest, context: AccountContext): Promise<Markup> {
  if (element.attr("node") === BOOKMARK_STORAGE) return await retrieveBookmarkStorage(iq, context);
  return await retrieveItems(element, iq, context);
}

async function publishAndConvert(element: Element, iq: IqRequest, context: AccountContext): Promise<Markup> {
  const request = readPublish(element, iq);
  if (request.node === BOOKMARK_STORAGE) return await publishBookmarkStorage(request, iq, context);
  const maxPayload = request.node === BOOKMARKS ? MAX_BOOKMARK : undefined;
  const id = await publishItem({ ...request, maxPayload }, iq, context);
  if (request.node === AVATAR_METADATA) await takeOverAvatar(request.payload, context);
  if (request.node === BOOKMARKS) await notifyBookmarkStorage(context);
  return publishAnswer(request.node, id);
}

async function retractAndConvert(element: Element, iq: IqRequest, context: AccountContext): Promise<undefined> {
  await retractItem(element, iq, context);
  if (element.attr("node") === BOOKMARKS) await notifyBookmarkStorage(context);
}
