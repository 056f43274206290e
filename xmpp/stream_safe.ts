/**
 * Canonical ordering takes the square of the longest run of combining marks. Text of the Stream-Safe Text Format (UAX 15
 * section 13) has no run above 30, which no word of any language reaches. Kana sound marks of half width become combining ones.
 */
const LONG_RUN = /[\p{M}\uFF9E\uFF9F]{31}/u;

/** Whether normalising the text takes work in proportion to its length. */
export function isStreamSafe(text: string): boolean {
  return !LONG_RUN.test(text);
}
