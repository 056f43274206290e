/** The reader of an archive query, and the form of its fields. XEP-0313 sections 4.1 and 4.3. @module */
import { firstSeqAt } from "../../store/sequence.ts";
import type { ArchiveQuery } from "../../store/store.ts";
import { parseDateTime } from "../../xmpp/date_time.ts";
import { StanzaError } from "../../xmpp/errors.ts";
import { Jid } from "../../xmpp/jid.ts";
import { NS } from "../../xmpp/ns.ts";
import type { Element } from "../../xmpp/xml/element.ts";
import { type Markup, xml } from "../../xmpp/xml/xml.ts";
import { type FormValues, formMarkup, readForm } from "../forms/data_form.ts";
import { readResultSet } from "../result_set.ts";

/** Messages of one page at most, whatever the client asks for (section 4.3). */
export const PAGE_LIMIT = 250;
const PAGE_DEFAULT = 50;
const MAX_IDS = 100;
const VALIDATE = "http://jabber.org/protocol/xdata-validate";

export interface ArchiveRequest {
  readonly query: Omit<ArchiveQuery, "owner">;
  /** A full JID in `with`: only messages exchanged with that very resource match. */
  readonly resource: Jid | undefined;
  /** Sequence numbers that the client has named: each must be in the archive. */
  readonly named: readonly number[];
  /** The results are sent newest first. */
  readonly flip: boolean;
  readonly queryId: string | undefined;
  /** Whether a complete answer holds everything newer than the client's last known message. */
  readonly catchesUp: boolean;
}

export type DecodeId = (id: string) => number | undefined;

/**
 * @throws StanzaError bad-request, feature-not-implemented, item-not-found for an id that this server cannot have given
 */
export function readArchiveRequest(payload: Element, decode: DecodeId): ArchiveRequest {
  const values = readFilters(payload);
  const page = readResultSet(payload);
  const id = (text: string): number => {
    const seq = decode(text);
    if (seq === undefined) throw new StanzaError("item-not-found");
    return seq;
  };
  const peer = one(values, "with", Jid.tryParse);
  const seqs = values.get("ids")?.map(id);
  if (seqs !== undefined && seqs.length > MAX_IDS) throw new StanzaError("not-acceptable");
  const afters = [page.after, one(values, "after-id", String)].filter((text) => text !== undefined).map(id);
  const befores = [page.before || undefined, one(values, "before-id", String)]
    .filter((text) => text !== undefined)
    .map(id);
  const end = one(values, "end", parseDateTime);
  return {
    query: {
      peer: peer?.bare.text,
      from: lowest(one(values, "start", parseDateTime)),
      until: highest(end),
      after: afters.length === 0 ? undefined : Math.max(...afters),
      before: befores.length === 0 ? undefined : Math.min(...befores),
      seqs,
      take: page.before === undefined ? "first" : "last",
      limit: Math.min(page.max ?? PAGE_DEFAULT, PAGE_LIMIT),
    },
    resource: peer?.isFull ? peer : undefined,
    named: [...afters, ...befores, ...(seqs ?? [])],
    flip: payload.child("flip-page", NS.MAM) !== undefined,
    queryId: payload.attr("queryid"),
    catchesUp: peer === undefined && seqs === undefined && end === undefined && befores.length === 0,
  };
}

/** Section 4.1.5: any client may ask for the list of fields. */
export function archiveForm(): Markup {
  const open = xml`<validate xmlns="${VALIDATE}" datatype="xs:string"><open/></validate>`;
  const form = formMarkup("form", NS.MAM, [
    { name: "with", type: "jid-single" },
    { name: "start", type: "text-single" },
    { name: "end", type: "text-single" },
    { name: "before-id", type: "text-single" },
    { name: "after-id", type: "text-single" },
    { name: "ids", type: "list-multi", extra: open },
  ]);
  return xml`<query xmlns="${NS.MAM}">${form}</query>`;
}

const FIELDS: ReadonlySet<string> = new Set(["with", "start", "end", "before-id", "after-id", "ids"]);

function readFilters(payload: Element): FormValues {
  const form = readForm(payload, NS.MAM);
  if (form.kind === "none") return new Map();
  if (form.kind !== "submit") throw new StanzaError("bad-request");
  for (const name of form.values.keys()) if (!FIELDS.has(name)) throw new StanzaError("feature-not-implemented");
  return form.values;
}

/** The one value of a field. An empty value counts as absent: some clients submit the whole form. */
function one<T>(values: FormValues, name: string, read: (text: string) => T | undefined): T | undefined {
  const texts = (values.get(name) ?? []).filter((text) => text !== "");
  if (texts.length === 0) return undefined;
  const value = texts.length === 1 ? read(texts[0]!) : undefined;
  if (value === undefined) throw new StanzaError("bad-request");
  return value;
}

function lowest(start: number | undefined): number | undefined {
  return start === undefined ? undefined : firstSeqAt(start);
}

/** The last number of that millisecond: `end` is inclusive. */
function highest(end: number | undefined): number | undefined {
  return end === undefined ? undefined : firstSeqAt(end + 1) - 1;
}
