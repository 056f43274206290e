/** In UTF-16 units: a longer answer would cut off a client that reads slowly, and hold up everybody while it is written. */
export const MAX_ANSWER = 2_000_000;

/** As many as may be answered at a time, counted from that end, and one at least. In the order in which they were given. */
export function withinLength<Item extends { readonly text: string }>(
  items: readonly Item[],
  from: "first" | "last",
): readonly Item[] {
  let length = 0;
  let count = 0;
  for (const { text } of from === "first" ? items : items.toReversed()) {
    length += text.length;
    if (length > MAX_ANSWER && count > 0) break;
    count++;
  }
  if (count === items.length) return items;
  return from === "first" ? items.slice(0, count) : items.slice(-count);
}
