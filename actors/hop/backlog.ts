/** What waits in the store alone: so many messages are held in memory, the others are read after them. @module */
import type { PendingMessage } from "../../store/store.ts";
import { fromRow, type Tracked } from "../delivery/tracked.ts";
import { finish } from "../post.ts";
import { pauseAfter } from "./attempt.ts";
import type { HopState } from "./hop_state.ts";
import { requeue, takeEarly } from "./intake.ts";
import { viaOf } from "./via.ts";

const MAX_HELD = 1000;
const PAGE = MAX_HELD / 2;

/** A durable message is queued; where older ones wait in the store it is left there with them, and this returns false. */
export function keepOrLeave(state: HopState, tracked: Tracked): boolean {
  if (tracked.isStored || !(state.hasMore || state.inFlight.size > MAX_HELD)) {
    state.readTo = Math.max(state.readTo, tracked.seq);
    return true;
  }
  state.hasMore = true;
  state.leftSince = true;
  state.inFlight.delete(tracked.seq);
  finish(state.node, tracked.replyTo, { kind: "stored" });
  readMore(state);
  return false;
}

/** Asks for the log until the store has it. */
export function open(state: HopState): void {
  const { node, owner, self } = state;
  node.database.addOwner(owner.text, "gateway").then(
    () => self().tell({ kind: "opened" }),
    (error) => {
      node.log.error("cannot open hop", { domain: owner.text, error });
      node.schedule(pauseAfter(1), () => self().tell({ kind: "start" }));
    },
  );
}

export function readMore(state: HopState): void {
  if (!state.hasMore || state.isReading || state.inFlight.size > PAGE) return;
  state.isReading = true;
  state.leftSince = false;
  const { node, owner, self } = state;
  node.database.pending(owner.text, state.readTo, PAGE).then(
    (rows) => self().tell({ kind: "rows", rows }),
    (error) => {
      node.log.error("cannot read messages for hop", { domain: owner.text, error });
      node.schedule(pauseAfter(1), () => self().tell({ kind: "rows", rows: undefined }));
    },
  );
}

/** `rows` is undefined where they could not be read. */
export function onRows(state: HopState, rows: readonly PendingMessage[] | undefined): void {
  state.isReading = false;
  if (rows === undefined) return readMore(state);
  state.hasMore = rows.length === PAGE || state.leftSince;
  for (const row of rows) {
    state.readTo = row.seq;
    if (!state.inFlight.has(row.seq)) queueRow(state, row);
  }
  if (state.leftSince) readMore(state);
  takeEarly(state);
}

function queueRow(state: HopState, row: PendingMessage): void {
  const tracked = fromRow(state.owner.text, row);
  const via = viaOf(tracked.stanza);
  if (via !== undefined) tracked.via = [via];
  if (row.seq < state.openedAt) {
    // An attempt before the restart may have brought it there.
    tracked.mayBeTaken = true;
    state.shares.count(tracked.stanza, 1);
  }
  requeue(state, tracked);
}
