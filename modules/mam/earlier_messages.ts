import type { AccountContext } from "../module.ts";

/**
 * How many answers of the store a message waits for before it has its place in the log: its recipient's account, then what
 * waits there.
 */
const ANSWERS = 2;

/** Waits until what the account's clients sent before this has its place in the log: the next read of the archive sees it. */
export async function awaitEarlier({ store, owner }: AccountContext): Promise<void> {
  for (let answer = 0; answer < ANSWERS; answer++) await store.archiveBounds(owner.text);
}
