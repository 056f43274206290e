/**
 * Private XML Storage: one element of any foreign namespace at a time, for the owner alone. XEP-0049 v1.2.
 * Bookmarks are not kept here: bookmarks/bookmark_storage.ts shows those of XEP-0402.
 * @module
 */
import { StanzaError } from "../xmpp/errors.ts";
import { NS } from "../xmpp/ns.ts";
import { Element } from "../xmpp/xml/element.ts";
import { type Markup, raw, xml } from "../xmpp/xml/xml.ts";
import { notifyBookmarkStorage } from "./bookmarks/bookmark_node.ts";
import { isBookmarkStorage, readBookmarkStorage, writeBookmarkStorage } from "./bookmarks/bookmark_storage.ts";
import { type AccountContext, get, type IqRequest, type ServerModule, set } from "./module.ts";
import { requireOwner } from "./owner_only.ts";

const KIND = "private";
/** In UTF-16 units, of one element. */
const MAX_LENGTH = 100_000;
const MAX_ELEMENTS = 500;

export const privateXml: ServerModule = {
  name: "private_xml",
  xeps: [{ xep: 49, title: "Private XML Storage", version: "1.2", status: "complete" }],
  features: [NS.PRIVATE],
  accountFeatures: [NS.PRIVATE],
  accountIq: {
    [get(NS.PRIVATE, "query")]: read,
    [set(NS.PRIVATE, "query")]: write,
  },
};

async function read(iq: IqRequest, context: AccountContext): Promise<Markup> {
  requireOwner(iq, context);
  const [wanted, ...others] = storedElements(iq.payload);
  if (wanted === undefined || others.length > 0) throw new StanzaError("bad-request");
  if (isBookmarkStorage(wanted)) return answer(await readBookmarkStorage(context));
  const text = await context.store.document(context.owner.text, KIND, keyOf(wanted));
  // Section 3.2: an element that was never stored is returned empty.
  return answer(text === undefined ? new Element(wanted.name, wanted.ns) : raw(text));
}

async function write(iq: IqRequest, context: AccountContext): Promise<undefined> {
  requireOwner(iq, context);
  const elements = storedElements(iq.payload);
  if (elements.length === 0) throw new StanzaError("bad-request");
  const owner = context.owner.text;
  const known = await context.store.documentCount(owner, KIND);
  for (const element of elements) {
    if (element.toString().length > MAX_LENGTH) throw new StanzaError("not-acceptable");
  }
  if (known + elements.length > MAX_ELEMENTS) throw new StanzaError("resource-constraint");
  for (const element of elements) {
    if (isBookmarkStorage(element)) {
      await writeBookmarkStorage(element, context);
      await notifyBookmarkStorage(context);
    } else await context.store.putDocument(owner, KIND, keyOf(element), element.toString());
  }
}

/** Section 4: the server's own namespaces are not allowed. */
function storedElements(query: Element): readonly Element[] {
  const { elements } = query;
  if (elements.some(({ ns }) => ns === "" || ns === NS.VCARD || ns.startsWith("jabber:"))) {
    throw new StanzaError("not-acceptable");
  }
  return elements;
}

function keyOf(element: Element): string {
  return `${element.ns} ${element.name}`;
}

function answer(content: Markup | Element): Markup {
  return xml`<query xmlns="${NS.PRIVATE}">${content}</query>`;
}
