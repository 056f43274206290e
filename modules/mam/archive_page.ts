import type { ArchivedMessage, ArchivePage, ArchiveQuery } from "../../store/store.ts";
import { StanzaError } from "../../xmpp/errors.ts";
import type { Jid } from "../../xmpp/jid.ts";
import { Stanza } from "../../xmpp/stanza.ts";
import type { AccountContext } from "../module.ts";
import { MAX_ANSWER, withinLength } from "../within_length.ts";
import { type ArchiveRequest, PAGE_LIMIT } from "./archive_request.ts";

export interface Page {
  /** In ascending order. */
  readonly messages: readonly ArchivedMessage[];
  readonly complete: boolean;
  readonly total: number | undefined;
  /** Where the search ended without enough results: the next page continues there. */
  readonly edge?: number;
}

/** Most rows that one query reads when no index serves it, and UTF-16 units of them. */
const MAX_LOOKED = 2000;
const MAX_LOOKED_UNITS = 4 * MAX_ANSWER;
/** Rows of the first read of a page, and how many times more the next one may have: only then is known how long they are. */
const FIRST_ROWS = 25;
const GROWTH = 4;

/**
 * Reads the page that the request asks for. The total is included when it was requested (XEP-0059 section 2.7) or costs
 * nothing.
 * @throws StanzaError item-not-found where an id that the client named is not in the archive (XEP-0313 section 4.1.3)
 */
export async function readPage(request: ArchiveRequest, context: AccountContext): Promise<Page> {
  await checkNamed(request.named, context);
  const query: ArchiveQuery = { ...request.query, owner: context.owner.text };
  if (request.resource !== undefined) {
    return cut(await readFiltered(query, request.resource, context), query.take);
  }
  if (query.limit === 0) {
    const { total } = await context.store.archive({ ...query, limit: 1, count: true });
    return { messages: [], complete: total === 0, total };
  }
  const { messages, complete } = await readSome(query, context);
  const whole = complete && query.after === undefined && query.before === undefined;
  return cut({ messages, complete, total: whole ? messages.length : undefined }, query.take);
}

/** Reads in portions, and no further than one answer goes: a page of long messages would occupy far more memory than is sent. */
async function readSome(query: ArchiveQuery, context: AccountContext): Promise<ArchivePage> {
  const { limit, take } = query;
  let messages: readonly ArchivedMessage[] = [];
  let units = 0;
  let portion = Math.min(limit, FIRST_ROWS);
  for (;;) {
    const page = await context.store.archive({ ...query, ...beyond(messages, take), limit: portion });
    messages = take === "first" ? [...messages, ...page.messages] : [...page.messages, ...messages];
    units += lengthOf(page.messages);
    if (page.complete || messages.length >= limit || units >= MAX_ANSWER) return { ...page, messages };
    const fitting = Math.ceil(((MAX_ANSWER - units) * messages.length) / units);
    portion = Math.min(limit - messages.length, portion * GROWTH, fitting);
  }
}

/** The bounds of what follows. */
function beyond(messages: readonly ArchivedMessage[], take: ArchiveQuery["take"]): Partial<ArchiveQuery> {
  const edge = take === "first" ? messages.at(-1) : messages[0];
  if (edge === undefined) return {};
  return take === "first" ? { after: edge.seq } : { before: edge.seq };
}

function lengthOf(messages: readonly ArchivedMessage[]): number {
  return messages.reduce((length, { text }) => length + text.length, 0);
}

/** Fewer messages than requested when they are long (XEP-0059 section 2.1). The next page continues after these. */
function cut(page: Page, take: ArchiveQuery["take"]): Page {
  const messages = withinLength(page.messages, take);
  return messages.length === page.messages.length ? page : { messages, complete: false, total: page.total };
}

async function checkNamed(named: readonly number[], context: AccountContext): Promise<void> {
  const seqs = [...new Set(named)];
  if (seqs.length === 0) return;
  const query: ArchiveQuery = { owner: context.owner.text, seqs, take: "first", limit: seqs.length };
  const { messages } = await context.store.archive(query);
  if (messages.length < seqs.length) throw new StanzaError("item-not-found");
}

/** The archive is indexed by bare JID; the messages of one resource are filtered here. */
async function readFiltered(query: ArchiveQuery, resource: Jid, context: AccountContext): Promise<Page> {
  const { limit, take } = query;
  let found: ArchivedMessage[] = [];
  let rest = query;
  let looked = 0;
  let units = 0;
  for (;;) {
    const page = await readSome({ ...rest, limit: PAGE_LIMIT }, context);
    looked += page.messages.length;
    units += lengthOf(page.messages);
    const matching = page.messages.filter((message) => isWith(message, resource));
    found = take === "first" ? [...found, ...matching] : [...matching, ...found];
    const full = found.length > limit;
    if (full || page.complete) {
      const messages = take === "first" ? found.slice(0, limit) : found.slice(Math.max(0, found.length - limit));
      return { messages, complete: !full, total: full ? undefined : found.length };
    }
    const next = beyond(page.messages, take);
    const edge = (next.after ?? next.before)!;
    if (looked >= MAX_LOOKED || units >= MAX_LOOKED_UNITS)
      return { messages: found, complete: false, total: undefined, edge };
    rest = { ...rest, ...next };
  }
}

function isWith(message: ArchivedMessage, resource: Jid): boolean {
  const { from, to } = Stanza.parse(message.text);
  return from?.text === resource.text || to?.text === resource.text;
}
