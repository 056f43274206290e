/**
 * Largest answer, in UTF-16 units. With a longer one a slow reader would exceed its backlog and be disconnected, and
 * writing it would delay all other clients.
 */
export const MAX_ANSWER = 2_000_000;

/** The entries that fit into one answer, taken from that end, at least one; in their original order. */
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
