/** What waits in the store alone: so many messages are held in memory, the others are read after them. @module */
import type { PendingMessage } from "../../store/store.ts";
import { finish } from "../post.ts";
import { pauseAfter } from "./attempt.ts";
import { queue } from "./dispatch.ts";
import { flightFromRow, type GatewayFlight } from "./gateway_flight.ts";
import type { GatewayState } from "./gateway_state.ts";

const MAX_HELD = 1000;
const PAGE = MAX_HELD / 2;

/** A message has been committed: it is queued, or, where older ones wait in the store, left there with them. */
export function onKept(state: GatewayState, flight: GatewayFlight): void {
  if (state.hasMore || state.held.size > MAX_HELD) return leaveInStore(state, flight);
  state.readTo = Math.max(state.readTo, flight.seq);
  queue(state, flight);
}

/** An application that waits for the outcome is told that it is stored. */
function leaveInStore(state: GatewayState, flight: GatewayFlight): void {
  state.hasMore = true;
  state.leftSince = true;
  state.held.delete(flight.seq);
  finish(state.node, flight.replyTo, { kind: "stored" });
  readMore(state);
}

export function readMore(state: GatewayState): void {
  if (!state.hasMore || state.isReading || state.held.size > PAGE) return;
  state.isReading = true;
  state.leftSince = false;
  const { node, domain, self } = state;
  node.database.pending(domain, state.readTo, PAGE).then(
    (rows) => self().tell({ kind: "rows", rows }),
    (error) => {
      node.log.error("cannot read messages for gateway", { domain, error });
      node.schedule(pauseAfter(1), () => self().tell({ kind: "rows", rows: undefined }));
    },
  );
}

/** `rows` is undefined where they could not be read. */
export function onRows(state: GatewayState, rows: readonly PendingMessage[] | undefined): void {
  state.isReading = false;
  if (rows === undefined) return readMore(state);
  state.hasMore = rows.length === PAGE || state.leftSince;
  for (const row of rows) {
    state.readTo = row.seq;
    if (state.held.has(row.seq)) continue;
    const flight = flightFromRow(row);
    state.held.set(row.seq, flight);
    queue(state, flight);
  }
  if (state.leftSince) readMore(state);
}
