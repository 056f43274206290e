import { type StoreCall, StoreFault, type StoreReply } from "../../store/store.ts";

/**
 * Of the waiting rows that calls have written, the earliest `expire-at` in milliseconds since 1970 (XEP-0079 3.3.2).
 * Where the whole batch met a fault, all of its rows count: a store that lost its thread may have committed them.
 */
export function earliestDeadline(
  calls: readonly StoreCall[],
  replies: readonly StoreReply[] | StoreFault,
): number | undefined {
  let earliest = Number.POSITIVE_INFINITY;
  for (let i = 0; i < calls.length; i++) {
    if (!(replies instanceof StoreFault) && !isDone(replies[i])) continue;
    const call = calls[i]!;
    if (call[0] === "append" || call[0] === "pend") {
      for (const { waiting } of call[1]) earliest = Math.min(earliest, waiting?.deadline ?? earliest);
    } else if (call[0] === "setRules") earliest = Math.min(earliest, call[4] ?? earliest);
  }
  return earliest === Number.POSITIVE_INFINITY ? undefined : earliest;
}

function isDone(reply: StoreReply | undefined): boolean {
  return reply !== undefined && !("fault" in reply);
}
