/**
 * Message Archive Management: an account's own archive, its metadata and its preferences. XEP-0313 v1.1.3, XEP-0441
 * v0.2.0. archive_policy.ts and the preferences decide what is archived.
 * @module
 */
import { StanzaError } from "../xmpp/errors.ts";
import { NS } from "../xmpp/ns.ts";
import { Stanza } from "../xmpp/stanza.ts";
import type { Markup } from "../xmpp/xml/xml.ts";
import { archiveEnd, archiveMetadata, archiveResult } from "./mam/archive_answer.ts";
import { readPage } from "./mam/archive_page.ts";
import { DEFAULT_PREFERENCES, preferencesMarkup, readPreferences } from "./mam/archive_preferences.ts";
import { archiveForm, readArchiveRequest } from "./mam/archive_request.ts";
import { type AccountContext, get, type IqRequest, type ServerModule, set } from "./module.ts";
import { requireOwner } from "./owner_only.ts";

/** The mark of a resource that has fetched the archive to its end: it needs no offline messages (section 6.1). */
export const CAUGHT_UP = "archive";

export const mam: ServerModule = {
  name: "mam",
  xeps: [
    { xep: 313, title: "Message Archive Management", version: "1.1.3", status: "complete" },
    { xep: 59, title: "Result Set Management", version: "1.0", status: "complete" },
    { xep: 441, title: "Message Archive Management Preferences", version: "0.2.0", status: "complete" },
  ],
  // Some clients (profanity 0.13) look for it on the domain alone.
  features: (settings) => (settings.archive ? [NS.MAM] : []),
  accountFeatures: (settings) => (settings.archive ? [NS.MAM, NS.MAM_EXTENDED] : []),
  accountIq: {
    [get(NS.MAM, "query")]: (iq, context) => {
      requireArchive(iq, context);
      return archiveForm();
    },
    [set(NS.MAM, "query")]: query,
    [get(NS.MAM, "metadata")]: metadata,
    [get(NS.MAM, "prefs")]: (iq, context) => {
      requireArchive(iq, context);
      return preferencesMarkup(context.archivePreferences ?? DEFAULT_PREFERENCES);
    },
    [set(NS.MAM, "prefs")]: setPreferences,
  },
};

function requireArchive(iq: IqRequest, context: AccountContext): void {
  if (!context.settings.archive) throw new StanzaError("service-unavailable");
  requireOwner(iq, context);
}

async function query(iq: IqRequest, context: AccountContext): Promise<Markup> {
  requireArchive(iq, context);
  const encode = (seq: number) => context.stanzaIds.encode(seq);
  const encoded = (seq: number | undefined) => (seq === undefined ? undefined : encode(seq));
  const request = readArchiveRequest(iq.payload, (id) => context.stanzaIds.decode(id));
  const { messages, complete, total, edge } = await readPage(request, context);
  for (const message of request.flip ? messages.toReversed() : messages) {
    const result = archiveResult(message, request.queryId, encode);
    const addresses = { from: context.owner, to: iq.from, id: context.newId() };
    context.toResource(iq.from.resource, Stanza.build("message", addresses, result));
  }
  if (complete && request.catchesUp) context.mark(iq.from.resource, CAUGHT_UP, true);
  const { take } = request.query;
  const first = take === "last" ? (edge ?? messages[0]?.seq) : messages[0]?.seq;
  const last = take === "first" ? (edge ?? messages.at(-1)?.seq) : messages.at(-1)?.seq;
  // A page without messages has one position, where the next page begins.
  const ends = { first: first ?? edge, last: last ?? edge };
  return archiveEnd(complete, { first: encoded(ends.first), last: encoded(ends.last), count: total });
}

async function metadata(iq: IqRequest, context: AccountContext): Promise<Markup> {
  requireArchive(iq, context);
  const bounds = await context.store.archiveBounds(context.owner.text);
  return archiveMetadata(bounds, (seq) => context.stanzaIds.encode(seq));
}

async function setPreferences(iq: IqRequest, context: AccountContext): Promise<Markup> {
  requireArchive(iq, context);
  const preferences = readPreferences(iq.payload);
  await context.setArchivePreferences(preferences);
  return preferencesMarkup(preferences);
}
