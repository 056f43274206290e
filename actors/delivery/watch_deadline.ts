import { deadlineOf } from "../../amp/rule_state.ts";
import type { DeliveryState } from "./delivery_state.ts";
import type { Tracked } from "./tracked.ts";

/** How often an overdue message is looked at again, and how far ahead a look is planned at most. */
const LOOK_MS = 1000;
const MAX_AHEAD_MS = 60_000;

/** The expiry actor knows only rows that wait: the deadline of any other message is watched here while it is in flight. */
export function watchDeadline(state: DeliveryState, { seq, flight }: Tracked): void {
  const deadline = deadlineOf(flight.rules);
  if (deadline === undefined) return;
  const { node } = state;
  node.schedule(Math.min(MAX_AHEAD_MS, Math.max(LOOK_MS, deadline - node.now())), () => {
    const tracked = state.inFlight.get(seq);
    if (tracked === undefined || tracked.flight.row.waits) return;
    if (node.now() >= deadline) state.self().tell({ kind: "expire", seq });
    watchDeadline(state, tracked);
  });
}
