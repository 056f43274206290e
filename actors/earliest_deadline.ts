import type { StoreCall, StoreReply } from "../store/store.ts";

/** Of the waiting rows that calls have written, the earliest `expire-at` in milliseconds since 1970 (XEP-0079 3.3.2). */
export function earliestDeadline(calls: readonly StoreCall[], replies: readonly StoreReply[]): number | undefined {
  let earliest = Number.POSITIVE_INFINITY;
  for (let i = 0; i < calls.length; i++) {
    const reply = replies[i];
    if (reply === undefined || "fault" in reply) continue;
    const call = calls[i]!;
    if (call[0] === "append" || call[0] === "pend") {
      for (const { pending } of call[1]) earliest = Math.min(earliest, pending?.deadline ?? earliest);
    } else if (call[0] === "setRules") earliest = Math.min(earliest, call[4] ?? earliest);
  }
  return earliest === Number.POSITIVE_INFINITY ? undefined : earliest;
}
