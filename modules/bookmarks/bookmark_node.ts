/** The PEP node `storage:bookmarks` of XEP-0048: a view of the list of XEP-0402, not stored itself. @module */
import { StanzaError } from "../../xmpp/errors.ts";
import type { Markup } from "../../xmpp/xml/xml.ts";
import type { AccountContext, IqRequest } from "../module.ts";
import { requireOwner } from "../owner_only.ts";
import { itemEvent, notifyAll } from "../pubsub/event.ts";
import { itemsAnswer, type PublishRequest, publishAnswer } from "../pubsub/item_requests.ts";
import { PEP_DEFAULTS } from "../pubsub/node_config.ts";
import { newNode, nodesOf } from "../pubsub/pep_node.ts";
import { pubsubError } from "../pubsub/pubsub_error.ts";
import { watchersOf } from "../pubsub/watchers.ts";
import {
  BOOKMARK_STORAGE,
  BOOKMARKS,
  isBookmarkStorage,
  readBookmarkStorage,
  writeBookmarkStorage,
} from "./bookmark_storage.ts";

const ITEM = "current";
const NODE = newNode(BOOKMARK_STORAGE, { ...PEP_DEFAULTS, accessModel: "whitelist" });

export async function retrieveBookmarkStorage(iq: IqRequest, context: AccountContext): Promise<Markup> {
  const isKept = context.exists && (await nodesOf(context)).has(BOOKMARKS);
  if (!isKept) throw new StanzaError("item-not-found");
  requireOwner(iq, context);
  return itemsAnswer(BOOKMARK_STORAGE, [{ id: ITEM, text: (await readBookmarkStorage(context)).text }]);
}

/** Publish-options are ignored: the list always has the access that XEP-0402 demands. */
export async function publishBookmarkStorage(
  request: PublishRequest,
  iq: IqRequest,
  context: AccountContext,
): Promise<Markup> {
  requireOwner(iq, context);
  if (!isBookmarkStorage(request.payload)) throw pubsubError("bad-request", "invalid-payload");
  await writeBookmarkStorage(request.payload, context);
  await notifyBookmarkStorage(context);
  return publishAnswer(BOOKMARK_STORAGE, request.id ?? ITEM);
}

/** The list has changed, through any of its views. */
export async function notifyBookmarkStorage(context: AccountContext): Promise<void> {
  if (watchersOf(BOOKMARK_STORAGE, context).length === 0) return;
  const text = (await readBookmarkStorage(context)).text;
  const item = { id: ITEM, publisher: context.owner.text, text, at: context.now() };
  notifyAll(NODE, itemEvent(NODE, item), context);
}
