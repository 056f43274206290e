/** Deadlines of waiting messages: XEP-0079 3.3.2. @module */
import { move } from "./carry_out.ts";
import type { DeliveryState } from "./delivery_state.ts";
import type { Holder } from "./holder.ts";
import { fromRow } from "./tracked.ts";

/** The expiry actor has found the deadline of a row to be over. It comes again as long as the row has that deadline. */
export function onExpire(state: DeliveryState, seq: number): void | Promise<void> {
  const tracked = state.inFlight.get(seq);
  if (tracked === undefined) return expireRow(state, seq);
  const { stage } = tracked.flight;
  const isReachable = stage.kind === "offered" && state.isConnected(stage.to);
  move(state, tracked, { kind: "due", isReachable });
}

/** A row that is not in memory. */
export async function expireRow(state: Holder, seq: number): Promise<void> {
  const [row] = await state.node.database.pending(state.owner.text, seq - 1, 1);
  if (row?.seq !== seq || state.inFlight.has(seq)) return;
  const tracked = fromRow(state.owner.text, row);
  state.inFlight.set(seq, tracked);
  try {
    move(state, tracked, { kind: "due", isReachable: false });
  } finally {
    // A `notify` lets the row wait on.
    if (tracked.flight.stage.kind === "offered") state.inFlight.delete(seq);
  }
}
