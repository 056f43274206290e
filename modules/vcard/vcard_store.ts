/** The stored vCard, with the hash of its photo for presences. XEP-0054, XEP-0153 section 3. @module */
import { createHash } from "node:crypto";
import { NS } from "../../xmpp/ns.ts";
import { Element } from "../../xmpp/xml/element.ts";
import type { AccountContext, MemoryKey } from "../module.ts";

export interface Photo {
  /** Media type; "" where the vCard tells none. */
  readonly type: string;
  readonly bytes: Buffer;
  /** SHA-1 in hexadecimal: the item id of XEP-0084 and the hash of XEP-0153. */
  readonly hash: string;
}

const KIND = "vcard";
const CARD = "card";
const PHOTO_HASH = "photo";

/** Undefined: not read yet, or never had a photo; "": the photo was removed. */
const HASH: MemoryKey<{ hash: string | undefined }> = { name: "photo hash", make: () => ({ hash: undefined }) };

export async function readVcard(context: AccountContext): Promise<string | undefined> {
  return await context.store.document(context.owner.text, KIND, CARD);
}

/** Returns whether the photo has changed. */
export async function writeVcard(vcard: Element, context: AccountContext): Promise<boolean> {
  const owner = context.owner.text;
  const hash = photoOf(vcard)?.hash ?? "";
  const slot = context.memory.get(HASH);
  const changed = (slot.hash ?? "") !== hash;
  await Promise.all([
    context.store.putDocument(owner, KIND, CARD, vcard.toString()),
    ...(changed ? [context.store.putDocument(owner, KIND, PHOTO_HASH, hash)] : []),
  ]);
  if (changed) slot.hash = hash;
  return changed;
}

export async function loadPhotoHash(context: AccountContext): Promise<void> {
  context.memory.get(HASH).hash = await context.store.document(context.owner.text, KIND, PHOTO_HASH);
}

export function photoHash(context: AccountContext): string | undefined {
  return context.memory.get(HASH).hash;
}

/** Undefined where there is none that can be read. */
export function photoOf(vcard: Element): Photo | undefined {
  const photo = vcard.child("PHOTO", NS.VCARD);
  const bytes = readBase64(photo?.child("BINVAL", NS.VCARD)?.text ?? "");
  if (bytes === undefined) return undefined;
  return { type: photo?.child("TYPE", NS.VCARD)?.text ?? "", bytes, hash: sha1(bytes) };
}

/** The same vCard with that photo, or without one. */
export function withPhoto(vcard: Element | undefined, photo: Photo | undefined): Element {
  const others = (vcard?.elements ?? []).filter((child) => !(child.name === "PHOTO" && child.ns === NS.VCARD));
  return new Element("vCard", NS.VCARD, vcard?.attributes, photo ? [...others, photoElement(photo)] : others);
}

function photoElement(photo: Photo): Element {
  return new Element("PHOTO", NS.VCARD, {}, [
    new Element("TYPE", NS.VCARD, {}, [photo.type]),
    new Element("BINVAL", NS.VCARD, {}, [photo.bytes.toString("base64")]),
  ]);
}

/** Undefined for text that is none, or is empty. */
export function readBase64(text: string): Buffer | undefined {
  const compact = text.replace(/\s+/g, "");
  return compact !== "" && /^[A-Za-z0-9+/]+={0,2}$/.test(compact) ? Buffer.from(compact, "base64") : undefined;
}

export function sha1(bytes: Buffer): string {
  return createHash("sha1").update(bytes).digest("hex");
}
