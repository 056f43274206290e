/** Offline delivery (XEP-0160): what waits is offered in order, in windows that wait for proof of receipt. @module */
import type { RuleState } from "../../amp/rule_state.ts";
import type { PendingMessage } from "../../store/store.ts";
import type { SessionId } from "../address.ts";
import { move } from "./carry_out.ts";
import type { DeliveryState, Flush } from "./delivery_state.ts";
import { offerHeld, standAmongRows } from "./detached.ts";
import { OfflineShares } from "./offline_shares.ts";
import { tellSettled } from "./own_effects.ts";
import { planAnew } from "./plan_input.ts";
import { fromRow, type Tracked } from "./tracked.ts";

/** How many waiting messages are offered at a time; the next come when these are proved. */
const WINDOW = 100;
/**
 * A client that answers no probe gets the next window after this time all the same, up to so many unproved messages:
 * it has them, but they keep waiting for proof and are offered again at the next login.
 */
const PATIENCE_MS = 250;
const MAX_UNPROVED = 2000;
/** How soon a page that could not be read is tried again; what is new comes behind it as long. */
const RETRY_MS = 1000;

/** A resource is ready for what waits (`comes`: it has just become so), or the last window has been proved. */
export function onFlush(state: DeliveryState, seenUntil: number, comes: boolean): void | Promise<void> {
  state.flushDue = 0;
  if (!state.ready) return endFlush(state);
  if (state.flush !== undefined && !comes) return goOn(state, state.flush);
  return begin(state, seenUntil);
}

function begin(state: DeliveryState, seenUntil: number): void | Promise<void> {
  const { flush, detached } = state;
  if (flush !== undefined) {
    if (detached.size === 0) return goOn(state, flush);
    state.strangersWait = false;
    beginAgain(state, flush, seenUntil, detached);
    return offerPages(state, flush);
  }
  state.strangersWait = false;
  if (!state.hasPending && !state.heldBack && detached.size === 0) return state.sendBehind(Number.MAX_SAFE_INTEGER);
  state.flush = { after: 0, open: new Set(), seenUntil, detached, left: 0, offeredAt: 0 };
  standAmongRows(state, state.flush);
  return offerPages(state, state.flush);
}

/** Others may be there for what it holds; where one has just come, the flush for that one is about to. */
export function onDetached(state: DeliveryState): void | Promise<void> {
  if (state.flushDue > 0 || !state.ready || state.detached.size === 0) return;
  return begin(state, state.flush?.seenUntil ?? 0);
}

/** Rows that have been passed are with sessions that have lost their connection since. */
function beginAgain(state: DeliveryState, flush: Flush, seenUntil: number, detached: ReadonlySet<SessionId>): void {
  flush.after = 0;
  flush.left = 0;
  flush.seenUntil = Math.min(flush.seenUntil, seenUntil);
  flush.detached = detached;
  standAmongRows(state, flush);
}

function goOn(state: DeliveryState, flush: Flush): void | Promise<void> {
  if (isNextDue(state, flush)) return offerPages(state, flush);
}

/** The next window, where all of this one is proved. */
export function flushOnward(state: DeliveryState): void {
  if (state.flush?.open.size === 0) state.self().tell({ kind: "flush", seenUntil: state.flush.seenUntil });
}

/** Nobody is there any more; what is left waits for the next flush. */
export function endFlush(state: DeliveryState): void {
  if (state.flush !== undefined) {
    state.hasPending = true;
    state.flush = undefined;
    state.fresh = undefined;
  }
  state.sendBehind(Number.MAX_SAFE_INTEGER);
}

function isNextDue(state: DeliveryState, flush: Flush): boolean {
  if (flush.open.size === 0) return true;
  return flush.open.size < MAX_UNPROVED && state.node.now() - flush.offeredAt >= PATIENCE_MS;
}

async function offerPages(state: DeliveryState, flush: Flush): Promise<void> {
  const unproved = flush.open.size;
  do {
    const rows = await readPage(state, flush);
    if (rows === undefined) return tryAgain(state, flush);
    const isWhole = rows.every((row) => offerSafely(state, flush, row));
    tellSettled(state);
    if (isWhole && rows.length < WINDOW) return finishFlush(state, flush);
  } while (flush.open.size === 0);
  flush.offeredAt = state.node.now();
  if (flush.open.size > unproved) remind(state, flush);
}

function remind(state: DeliveryState, flush: Flush): void {
  const { seenUntil } = flush;
  state.node.schedule(PATIENCE_MS, () => {
    if (state.flush === flush && flush.open.size > 0) state.self().tell({ kind: "flush", seenUntil });
  });
}

function tryAgain(state: DeliveryState, flush: Flush): void {
  const { seenUntil } = flush;
  state.node.schedule(RETRY_MS, () => {
    if (state.flush === flush) state.self().tell({ kind: "flush", seenUntil });
  });
}

async function readPage(state: DeliveryState, flush: Flush): Promise<readonly PendingMessage[] | undefined> {
  try {
    return await state.node.database.pending(state.owner.text, flush.after, WINDOW);
  } catch (error) {
    state.node.log.error("cannot read waiting messages", { owner: state.owner.text, error });
    return undefined;
  }
}

/** All that waits is with the sessions, and what comes now follows on the same streams. */
function finishFlush(state: DeliveryState, flush: Flush): void {
  state.flush = undefined;
  state.fresh = undefined;
  state.hasPending = false;
  state.heldBack = flush.left > 0;
  state.shares = flush.left > 0 ? undefined : sharesUnderWay(state);
  state.sendBehind(Number.MAX_SAFE_INTEGER);
  state.offerStrangers();
}

/** Where nothing else waits. */
function sharesUnderWay({ inFlight, node }: DeliveryState): OfflineShares {
  const shares = new OfflineShares(node.settings.offlineLimits);
  for (const { flight, stanza } of inFlight.values()) {
    if (flight.row.counted) shares.count(stanza.from!.bare.text, stanza.size, 1);
  }
  return shares;
}

/** A row that cannot be offered stays where it is, and holds up no other. False: those after it have to wait for it. */
function offerSafely(state: DeliveryState, flush: Flush, row: PendingMessage): boolean {
  const known = state.inFlight.get(row.seq);
  if (known !== undefined && isUnderWay(known)) {
    flush.open.add(row.seq);
    return false;
  }
  flush.after = row.seq;
  try {
    state.sendBehind(row.seq);
    offer(state, flush, row, known);
    state.sendBehind(row.seq + 1);
  } catch (error) {
    flush.left++;
    const tracked = state.inFlight.get(row.seq);
    if (tracked !== known && tracked?.flight.stage.kind === "offered") state.inFlight.delete(row.seq);
    state.node.log.error("cannot offer waiting message", { owner: state.owner.text, seq: row.seq, error });
  }
  return true;
}

/** It comes to rest by a transaction that does not write its row: that the row is there does not tell of its commit. */
function isUnderWay({ flight: { stage } }: Tracked): boolean {
  return stage.kind === "resting" && stage.ending?.hasRow === false;
}

function offer(state: DeliveryState, flush: Flush, row: PendingMessage, known: Tracked | undefined): void {
  if (known !== undefined && known.flight.stage.kind !== "resting") return offerHeld(state, flush, known);
  // It was read, so the commit that writes it is there, though the news of it may still be on the way.
  if (known !== undefined) concludeRest(state, known);
  const tracked = fromRow(state.owner.text, row);
  state.inFlight.set(row.seq, tracked);
  move(state, tracked, { kind: "due", isReachable: false });
  if (tracked.flight.stage.kind !== "offered") return;
  if (row.archived && row.seq <= flush.seenUntil && hasNoSay(tracked.flight.rules))
    return move(state, tracked, { kind: "read" });
  const plan = planAnew(state, tracked, state.answers(), { forward: false });
  if (plan.kind !== "direct") {
    state.inFlight.delete(row.seq);
    flush.left++;
    if (plan.kind === "stored" && state.refusesStrangers) state.strangersWait = true;
    return;
  }
  move(state, tracked, { kind: "planned", plan, sessions: state.sessionsOf(plan.resources) });
  if (tracked.flight.stage.kind === "offered") flush.open.add(row.seq);
}

function concludeRest(state: DeliveryState, tracked: Tracked): void {
  const { stage } = tracked.flight;
  const isEnding = stage.kind === "resting" && stage.ending !== undefined;
  move(state, tracked, isEnding ? { kind: "done", fault: undefined } : { kind: "committed" });
}

/** No rule tells of delivery any more. Where one does, only a copy that the device gets here can prove it. */
function hasNoSay(rules: RuleState | undefined): boolean {
  return rules === undefined || rules.settled;
}
