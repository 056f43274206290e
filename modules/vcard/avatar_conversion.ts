/** Keeps the vCard's photo and the PEP nodes of XEP-0084 in step. XEP-0398 section 3. @module */
import { NS } from "../../xmpp/ns.ts";
import { Element } from "../../xmpp/xml/element.ts";
import type { AccountContext } from "../module.ts";
import { nodesOf } from "../pubsub/pep_node.ts";
import { publish } from "../pubsub/publish.ts";
import { type Photo, photoHash, photoOf, readBase64, readVcard, sha1, withPhoto, writeVcard } from "./vcard_store.ts";

export const AVATAR_METADATA = "urn:xmpp:avatar:metadata";
const AVATAR_DATA = "urn:xmpp:avatar:data";

/** Everybody may read the vCard, so the avatar node is open too. */
const OPEN: ReadonlyMap<string, readonly string[]> = new Map([["pubsub#access_model", ["open"]]]);

/** Section 3.2: the photo of the vCard has changed. */
export async function publishPhoto(photo: Photo, context: AccountContext): Promise<void> {
  const { bytes, hash, type } = photo;
  const [current] = await context.store.pubsubItems(context.owner.text, AVATAR_METADATA, 1);
  if (current?.id === hash) return;
  const info = new Element("info", AVATAR_METADATA, { bytes: String(bytes.length), id: hash, type });
  await put(AVATAR_DATA, hash, new Element("data", AVATAR_DATA, {}, [bytes.toString("base64")]), context);
  await put(AVATAR_METADATA, hash, new Element("metadata", AVATAR_METADATA, {}, [info]), context);
}

async function put(node: string, id: string, payload: Element, context: AccountContext): Promise<void> {
  const options = (await nodesOf(context)).has(node) ? new Map() : OPEN;
  await publish({ node, id, payload, publisher: context.owner, options }, context);
}

/**
 * Section 3.1: an avatar was published or removed. Only an avatar that everybody may see goes into the vCard (section
 * 6).
 */
export async function takeOverAvatar(metadata: Element, context: AccountContext): Promise<void> {
  const info = metadata.childrenNamed("info", AVATAR_METADATA).find((one) => one.attr("url") === undefined);
  const photo = info === undefined ? undefined : await publishedPhoto(info, context);
  if (info !== undefined && photo === undefined) return;
  if ((photo?.hash ?? "") === (photoHash(context) ?? "")) return;
  const stored = await readVcard(context);
  const vcard = withPhoto(stored === undefined ? undefined : Element.parse(stored, NS.VCARD), photo);
  if (await writeVcard(vcard, context)) context.refreshPresence();
}

async function publishedPhoto(info: Element, context: AccountContext): Promise<Photo | undefined> {
  const node = (await nodesOf(context)).get(AVATAR_DATA);
  if (node?.config.accessModel !== "open") return undefined;
  const id = info.attr("id") ?? "";
  const item = await context.store.pubsubItem(context.owner.text, AVATAR_DATA, id);
  const bytes = readBase64(item === undefined ? "" : Element.parse(item.text).text);
  if (bytes === undefined || sha1(bytes) !== id) return undefined;
  return { type: info.attr("type") ?? "", bytes, hash: id };
}

/** After the owner has written the vCard. */
export async function vcardWritten(vcard: Element, photoChanged: boolean, context: AccountContext): Promise<void> {
  if (!photoChanged) return;
  context.refreshPresence();
  const photo = photoOf(vcard);
  if (photo !== undefined) return await publishPhoto(photo, context);
  if ((await nodesOf(context)).has(AVATAR_METADATA)) {
    await put(AVATAR_METADATA, context.newId(), new Element("metadata", AVATAR_METADATA), context);
  }
}
