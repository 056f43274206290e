/**
 * Messages that one session has, without proof yet, and that nothing but their row in the log tells about: their stanza
 * and what else is known of a message in flight would fill the memory for a client that proves nothing.
 * @module
 */
import type { DeliveryState } from "./delivery_state.ts";
import type { InFlight } from "./in_flight.ts";
import { fromRow } from "./waiting_row.ts";

/** How many rows are read at a time. */
const PAGE = 500;

/** The commit of its row is there: the flight goes where the row says all of it. */
export function leaveToLog(state: DeliveryState, flight: InFlight): void {
  if (!isInRow(flight)) return;
  state.inFlight.delete(flight.seq);
  state.offered.add(flight.seq, flight.targets[0]!);
}

function isInRow({ waits, rules, receipt, notice, via, counted, targets }: InFlight): boolean {
  const isPlain = rules === undefined && receipt === undefined && !notice && via.length === 0;
  return isPlain && waits && !counted && targets.length === 1;
}

/** In flight again, as the log has them. What cannot be read goes on waiting there. */
export async function recall(state: DeliveryState, seqs: readonly number[]): Promise<InFlight[]> {
  const wanted = new Set(seqs);
  const flights: InFlight[] = [];
  let after = seqs[0]! - 1;
  try {
    while (after < seqs.at(-1)!) {
      const rows = await state.node.database.pending(state.owner.text, after, PAGE);
      for (const row of rows) if (wanted.delete(row.seq)) flights.push(fromRow(row));
      after = rows.length < PAGE ? Number.POSITIVE_INFINITY : rows.at(-1)!.seq;
    }
  } catch (error) {
    state.node.log.error("cannot read unproved messages", { owner: state.owner.text, error });
    state.hasPending = true;
    state.shares = undefined;
  }
  for (const flight of flights) {
    flight.counted = false;
    state.inFlight.set(flight.seq, flight);
  }
  return flights;
}
