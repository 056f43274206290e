/** Texts that stand in most stanzas: the scan gives a constant instead of a slice of the stanza. @module */
import { NS } from "../../ns.ts";

/** Lists of texts by their length. */
export type CommonTexts = readonly (readonly string[] | undefined)[];

export const NAMESPACES = byLength([
  NS.CLIENT,
  NS.AMP,
  NS.CHATSTATES,
  NS.RECEIPTS,
  NS.HINTS,
  NS.SID,
  NS.MARKERS,
  NS.SM,
  NS.PING,
]);

export function byLength(texts: readonly string[]): CommonTexts {
  const table: string[][] = [];
  for (const text of texts) table[text.length] = [...(table[text.length] ?? []), text];
  return Array.from(table);
}

/** That part of the text: one of the table's own where it is there. */
export function commonText(table: CommonTexts, text: string, start: number, end: number): string {
  const candidates = table[end - start];
  if (candidates !== undefined) {
    for (let i = 0; i < candidates.length; i++) if (reads(text, start, candidates[i]!)) return candidates[i]!;
  }
  return text.slice(start, end);
}

/** Whether `word` stands at `start`. */
function reads(text: string, start: number, word: string): boolean {
  for (let i = word.length - 1; i >= 0; i--) if (text.charCodeAt(start + i) !== word.charCodeAt(i)) return false;
  return true;
}
