/** The writers of the answers to an archive query. XEP-0313 sections 4.2, 4.3 and 5. @module */
import { seqTime } from "../../store/sequence.ts";
import type { ArchivedMessage } from "../../store/store.ts";
import { formatDateTime } from "../../xmpp/date_time.ts";
import { NS } from "../../xmpp/ns.ts";
import { attr, type Markup, raw, xml } from "../../xmpp/xml/xml.ts";
import { type ResultSetAnswer, resultSet } from "../result_set.ts";

export type EncodeSeq = (seq: number) => string;

/** One message of the archive. */
export function archiveResult(message: ArchivedMessage, queryId: string | undefined, encode: EncodeSeq): Markup {
  return xml`
    <result xmlns="${NS.MAM}"${attr("queryid", queryId)} id="${encode(message.seq)}">
      <forwarded xmlns="${NS.FORWARD}">
        <delay xmlns="${NS.DELAY}" stamp="${stamp(message.seq)}"/>
        ${raw(message.text)}
      </forwarded>
    </result>`;
}

/** The end of a page. */
export function archiveEnd(complete: boolean, page: ResultSetAnswer): Markup {
  return xml`<fin xmlns="${NS.MAM}"${attr("complete", complete ? "true" : undefined)}>${resultSet(page)}</fin>`;
}

/** Section 5: the first and the last message, nothing for an empty archive. */
export function archiveMetadata(
  bounds: { readonly first: number; readonly last: number } | undefined,
  encode: EncodeSeq,
): Markup {
  if (bounds === undefined) return xml`<metadata xmlns="${NS.MAM}"/>`;
  const { first, last } = bounds;
  return xml`
    <metadata xmlns="${NS.MAM}">
      <start id="${encode(first)}" timestamp="${stamp(first)}"/>
      <end id="${encode(last)}" timestamp="${stamp(last)}"/>
    </metadata>`;
}

function stamp(seq: number): string {
  return formatDateTime(seqTime(seq));
}
