/** Result Set Management: one reader and one writer. XEP-0059 v1.0. @module */
import { StanzaError } from "../xmpp/errors.ts";
import { NS } from "../xmpp/ns.ts";
import type { Element } from "../xmpp/xml/element.ts";
import { attr, type Markup, xml } from "../xmpp/xml/xml.ts";

export interface ResultSetRequest {
  readonly max: number | undefined;
  readonly after: string | undefined;
  /** "" asks for the last page (section 2.5). */
  readonly before: string | undefined;
}

const EVERYTHING: ResultSetRequest = { max: undefined, after: undefined, before: undefined };

/**
 * Reads the `<set/>` of a query, if there is one.
 * @throws StanzaError bad-request; feature-not-implemented when a page is requested by index (section 2.6)
 */
export function readResultSet(query: Element): ResultSetRequest {
  const set = query.child("set", NS.RSM);
  if (set === undefined) return EVERYTHING;
  if (set.child("index", NS.RSM) !== undefined) throw new StanzaError("feature-not-implemented");
  const max = set.child("max", NS.RSM)?.text.trim();
  if (max !== undefined && !/^\d{1,15}$/.test(max)) throw new StanzaError("bad-request");
  return {
    max: max === undefined ? undefined : Number(max),
    after: set.child("after", NS.RSM)?.text || undefined,
    before: set.child("before", NS.RSM)?.text,
  };
}

export interface ResultSetAnswer {
  readonly first?: string | undefined;
  readonly last?: string | undefined;
  readonly index?: number | undefined;
  readonly count?: number | undefined;
}

export function resultSet({ first, last, index, count }: ResultSetAnswer): Markup {
  return xml`
    <set xmlns="${NS.RSM}">
      ${first !== undefined && xml`<first${attr("index", index)}>${first}</first>`}
      ${last !== undefined && xml`<last>${last}</last>`}
      ${count !== undefined && xml`<count>${count}</count>`}
    </set>`;
}
