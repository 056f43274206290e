/**
 * Canonical ordering takes time quadratic in the longest run of combining marks. The Stream-Safe Text Format (UAX 15
 * section 13) allows no run above 30; no word of any language needs one. Half-width kana sound marks become combining
 * marks.
 */
const LONG_RUN = /[\p{M}\uFF9E\uFF9F]{31}/u;

/** Whether the text normalises in linear time. */
export function isStreamSafe(text: string): boolean {
  return !LONG_RUN.test(text);
}
