/**
 * The two older formats of bookmarks: the element `<storage/>` in private XML (XEP-0049) and at the PEP node
 * `storage:bookmarks` (XEP-0048). Both are views of one list, the items of XEP-0402. XEP-0402 section 5.
 * @module
 */
import { Jid } from "../../xmpp/jid.ts";
import { Element } from "../../xmpp/xml/element.ts";
import { type Markup, raw } from "../../xmpp/xml/xml.ts";
import { KeptAnswer } from "../kept_answer.ts";
import type { AccountContext } from "../module.ts";
import { MAX_ITEMS } from "../pubsub/node_config.ts";
import { itemsVersion, nodesOf } from "../pubsub/pep_node.ts";
import { publish, retract } from "../pubsub/publish.ts";

/** Node and namespace of XEP-0402. */
export const BOOKMARKS = "urn:xmpp:bookmarks:1";
/** Node and namespace of XEP-0048. */
export const BOOKMARK_STORAGE = "storage:bookmarks";
/** In UTF-16 units: the older formats send all bookmarks in one answer (XEP-0402 section 5). */
export const MAX_BOOKMARK = 2000;

/** XEP-0402 section 3: the list is private, keeps all items, and is not sent at login. */
const OPTIONS: ReadonlyMap<string, readonly string[]> = new Map([
  ["pubsub#persist_items", ["true"]],
  ["pubsub#max_items", ["max"]],
  ["pubsub#send_last_published_item", ["never"]],
  ["pubsub#access_model", ["whitelist"]],
]);

export function isBookmarkStorage(element: Element): boolean {
  return element.name === "storage" && element.ns === BOOKMARK_STORAGE;
}

const LIST = new KeptAnswer("bookmark storage");

/** The list as one element; empty where there is none. */
export async function readBookmarkStorage(context: AccountContext): Promise<Markup> {
  const version = itemsVersion(BOOKMARKS, context);
  const kept = LIST.find(context, version);
  if (kept !== undefined) return kept;
  const storage = await storageElement(context);
  return LIST.get(context, version, () => raw(storage.toString()));
}

async function storageElement(context: AccountContext): Promise<Element> {
  const items = await context.store.pubsubItems(context.owner.text, BOOKMARKS, MAX_ITEMS);
  const conferences = items.map((item) => toStorage(item.id, Element.parse(item.text)));
  return new Element("storage", BOOKMARK_STORAGE, {}, conferences);
}

/** Updates the list: new and changed items are published, missing ones are retracted, the others stay. */
export async function writeBookmarkStorage(storage: Element, context: AccountContext): Promise<void> {
  const owner = context.owner.text;
  const wanted = new Map<string, Element>();
  for (const conference of storage.childrenNamed("conference", BOOKMARK_STORAGE)) {
    const jid = Jid.tryParse(conference.attr("jid") ?? "");
    if (jid !== undefined) wanted.set(jid.bare.text, conference);
  }
  const before = await context.store.pubsubItems(owner, BOOKMARKS, MAX_ITEMS);
  const known = new Map(before.map((item) => [item.id, Element.parse(item.text)]));
  for (const [id, conference] of wanted) {
    const old = known.get(id);
    const payload = fromStorage(conference, old);
    if (old?.toString() === payload.toString()) continue;
    const options = (await nodesOf(context)).has(BOOKMARKS) ? new Map() : OPTIONS;
    await publish(
      { node: BOOKMARKS, id, payload, publisher: context.owner, options, maxPayload: MAX_BOOKMARK },
      context,
    );
  }
  const node = (await nodesOf(context)).get(BOOKMARKS);
  if (node === undefined) return;
  for (const id of known.keys()) if (!wanted.has(id)) await retract(node, id, true, context);
}

function toStorage(jid: string, conference: Element): Element {
  return new Element(
    "conference",
    BOOKMARK_STORAGE,
    { ...conference.attributes, jid },
    inNamespace(conference, BOOKMARK_STORAGE),
  );
}

/** Keeps from the existing item what the older format cannot express. */
function fromStorage(conference: Element, old: Element | undefined): Element {
  const { jid: _, ...attributes } = conference.attributes;
  const extensions = old?.childrenNamed("extensions", BOOKMARKS) ?? [];
  return new Element("conference", BOOKMARKS, attributes, [...inNamespace(conference, BOOKMARKS), ...extensions]);
}

/** Nick and password, which both formats have. */
function inNamespace(conference: Element, ns: string): Element[] {
  return conference.elements
    .filter((child) => child.ns === conference.ns && (child.name === "nick" || child.name === "password"))
    .map((child) => new Element(child.name, ns, child.attributes, child.children));
}
