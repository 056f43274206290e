import type { ArchivedMessage, ArchiveQuery } from "../../store/store.ts";
import { StanzaError } from "../../xmpp/errors.ts";
import type { Jid } from "../../xmpp/jid.ts";
import { Stanza } from "../../xmpp/stanza.ts";
import type { AccountContext } from "../module.ts";
import { withinLength } from "../within_length.ts";
import { type ArchiveRequest, PAGE_LIMIT } from "./archive_request.ts";

export interface Page {
  /** In ascending order. */
  readonly messages: readonly ArchivedMessage[];
  readonly complete: boolean;
  readonly total: number | undefined;
  /** Where the search ended without enough results: the next page continues there. */
  readonly edge?: number;
}

/** Most rows that one query reads when no index serves it. */
const MAX_LOOKED = 2000;

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
  const { messages, complete } = await context.store.archive(query);
  const whole = complete && query.after === undefined && query.before === undefined;
  return cut({ messages, complete, total: whole ? messages.length : undefined }, query.take);
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
  for (;;) {
    const page = await context.store.archive({ ...rest, limit: PAGE_LIMIT });
    looked += page.messages.length;
    const matching = page.messages.filter((message) => isWith(message, resource));
    found = take === "first" ? [...found, ...matching] : [...matching, ...found];
    const full = found.length > limit;
    if (full || page.complete) {
      const messages = take === "first" ? found.slice(0, limit) : found.slice(Math.max(0, found.length - limit));
      return { messages, complete: !full, total: full ? undefined : found.length };
    }
    const edge = take === "first" ? page.messages.at(-1)!.seq : page.messages[0]!.seq;
    if (looked >= MAX_LOOKED) return { messages: found, complete: false, total: undefined, edge };
    rest = { ...rest, ...(take === "first" ? { after: edge } : { before: edge }) };
  }
}

function isWith(message: ArchivedMessage, resource: Jid): boolean {
  const { from, to } = Stanza.parse(message.text);
  return from?.text === resource.text || to?.text === resource.text;
}
