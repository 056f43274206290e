/**
 * A message extension in one file: a message that was stored tells its device since when, one that is marked secret does not
 * leave its account, and the sender of one that asks for it learns each outcome.
 * @module
 */
import { type MessagePhases, type ServerModule, Stanza, StanzaError, xml } from "../../mod.ts";

export const STAMP = "urn:example:storage-stamp";

const message: MessagePhases = {
  outgoing: (stanza) => {
    if (stanza.id === "faulty") throw new Error("Cannot read message: the module is at fault");
    return stanza.has("secret", STAMP) ? new StanzaError("policy-violation") : undefined;
  },
  shown: ({ stanza, storedAt, stanzaId }, { owner }) =>
    storedAt === undefined
      ? undefined
      : stanza.with(xml`<kept xmlns="${STAMP}" for="${owner.text}" id="${stanzaId?.id}" at="${storedAt}"/>`),
  settled: ({ stanza }, { kind }, { owner }) => {
    if (!stanza.has("tell", STAMP)) return [];
    const news = xml`<outcome xmlns="${STAMP}" kind="${kind}"/>`;
    return [{ kind: "route", stanza: Stanza.build("message", { from: owner, to: stanza.from, id: stanza.id }, news) }];
  },
};

export const storageStamp: ServerModule = { name: "storage_stamp", xeps: [], message };
