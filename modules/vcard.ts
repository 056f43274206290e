/**
 * vcard-temp: anybody may read it, the owner may write it, and the owner's presences carry the hash of its photo.
 * XEP-0054 v1.3.0, XEP-0153 v1.1.1, XEP-0398 v1.0.0.
 * @module
 */
import { StanzaError } from "../xmpp/errors.ts";
import { NS } from "../xmpp/ns.ts";
import type { Stanza } from "../xmpp/stanza.ts";
import { type Markup, raw, xml } from "../xmpp/xml/xml.ts";
import { type AccountContext, get, type IqRequest, type ServerModule, set } from "./module.ts";
import { requireOwner } from "./owner_only.ts";
import { vcardWritten } from "./vcard/avatar_conversion.ts";
import { loadPhotoHash, photoHash, readVcard, writeVcard } from "./vcard/vcard_store.ts";

/** In UTF-16 units. */
const MAX_LENGTH = 200_000;
const CONVERSION = "urn:xmpp:pep-vcard-conversion:0";

export const vcard: ServerModule = {
  name: "vcard",
  xeps: [
    { xep: 54, title: "vcard-temp", version: "1.3.0", status: "complete" },
    { xep: 153, title: "vCard-Based Avatars", version: "1.1.1", status: "complete" },
    { xep: 398, title: "User Avatar to vCard-Based Avatars Conversion", version: "1.0.0", status: "complete" },
  ],
  features: [NS.VCARD],
  accountFeatures: [NS.VCARD, CONVERSION],
  serverIq: {
    [get(NS.VCARD, "vCard")]: (_iq, { settings: { software } }) =>
      xml`<vCard xmlns="${NS.VCARD}"><FN>${software.name}</FN><DESC>XMPP server</DESC></vCard>`,
  },
  accountIq: {
    [get(NS.VCARD, "vCard")]: read,
    [set(NS.VCARD, "vCard")]: write,
  },
  hooks: { activated: loadPhotoHash, outgoingPresence: withPhotoHash },
};

/** Section 3.3: the answer is the same for a user without a vCard and for an unknown user. */
async function read(_iq: IqRequest, context: AccountContext): Promise<Markup> {
  const stored = context.exists ? await readVcard(context) : undefined;
  if (stored === undefined) throw new StanzaError("item-not-found");
  return raw(stored);
}

async function write(iq: IqRequest, context: AccountContext): Promise<undefined> {
  requireOwner(iq, context);
  if (iq.payload.toString().length > MAX_LENGTH) throw new StanzaError("policy-violation");
  await vcardWritten(iq.payload, await writeVcard(iq.payload, context), context);
}

/** XEP-0398 section 4: an empty `<photo/>` means that the client wants no photo. */
function withPhotoHash(stanza: Stanza, context: AccountContext): Stanza {
  const hash = photoHash(context);
  if (hash === undefined || stanza.type !== undefined) return stanza;
  const told = stanza.payload("x", NS.VCARD_UPDATE)?.child("photo", NS.VCARD_UPDATE)?.text;
  if (told === hash || told === "" || (hash === "" && told === undefined)) return stanza;
  return stanza
    .without((child) => child.name === "x" && child.ns === NS.VCARD_UPDATE)
    .with(xml`<x xmlns="${NS.VCARD_UPDATE}"><photo>${hash}</photo></x>`);
}
