/** Offline delivery (XEP-0160): what waits is offered in order, in windows that wait for proof of receipt. @module */
import type { RuleState } from "../../amp/rule_state.ts";
import { verdictOn } from "../../amp/verdict.ts";
import type { PendingMessage } from "../../store/store.ts";
import { withDelay } from "./compose.ts";
import type { DeliveryState, Flush } from "./delivery_state.ts";
import { detachedSessions, offerHeldRow, type Sessions, standAmongRows } from "./detached.ts";
import { rested, takeBack } from "./endings.ts";
import { expire, report } from "./expiry.ts";
import { OfflineShares } from "./offline_shares.ts";
import { planFor } from "./plan_input.ts";
import { toSessions } from "./to_sessions.ts";
import { fromRow } from "./waiting_row.ts";

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

/** What a new profile has brought: a resource that takes what waits, one that has been bound. */
interface Newcomer {
  readonly isReady: boolean;
  readonly isBound: boolean;
}

/** A resource has come or is ready: what waits comes before anything newer. */
export function onNewcomer(state: DeliveryState, newcomer: Newcomer): void | Promise<void> {
  if (state.hasPending || state.heldBack) return awaitFlush(state, newcomer);
  const detached = detachedSessions(state);
  const hold = ({ size }: Sessions) => {
    if (size === 0) return;
    state.heldBack = true;
    awaitFlush(state, newcomer);
  };
  return detached instanceof Promise ? detached.then(hold) : hold(detached);
}

function awaitFlush(state: DeliveryState, { isReady, isBound }: Newcomer): void {
  if (isReady) state.flushDue = state.node.now();
  if (isBound) state.presenceDue = state.node.now();
}

/** A resource is ready for what waits (`comes`: it has just become so), or the last window has been proved. */
export function onFlush(state: DeliveryState, seenUntil: number, comes: boolean): void | Promise<void> {
  state.flushDue = 0;
  if (!state.ready) return endFlush(state);
  if (state.flush !== undefined && !comes) return goOn(state, state.flush);
  const detached = detachedSessions(state);
  return detached instanceof Promise
    ? detached.then((known) => begin(state, seenUntil, known))
    : begin(state, seenUntil, detached);
}

function begin(state: DeliveryState, seenUntil: number, detached: Sessions): void | Promise<void> {
  const { flush } = state;
  if (flush !== undefined) {
    if (detached.size === 0) return goOn(state, flush);
    beginAgain(state, flush, seenUntil, detached);
    return offerPages(state, flush);
  }
  if (!state.hasPending && !state.heldBack && detached.size === 0) return state.sendBehind(Number.MAX_SAFE_INTEGER);
  state.flush = { after: 0, open: new Set(), seenUntil, detached, left: 0, offeredAt: 0 };
  standAmongRows(state, state.flush);
  return offerPages(state, state.flush);
}

/** Others may be there for what it holds; where one has just come, the flush for that one is about to. */
export function onDetached(state: DeliveryState): void | Promise<void> {
  if (state.flushDue > 0 || !state.ready) return;
  const detached = detachedSessions(state);
  const share = (known: Sessions) => (known.size === 0 ? undefined : begin(state, state.flush?.seenUntil ?? 0, known));
  return detached instanceof Promise ? detached.then(share) : share(detached);
}

/** Rows that have been passed are with sessions that have lost their connection since. */
function beginAgain(state: DeliveryState, flush: Flush, seenUntil: number, detached: Sessions): void {
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
    for (const row of rows) offerSafely(state, flush, row);
    if (rows.length < WINDOW) return finishFlush(state, flush);
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
  state.hasPending = false;
  state.heldBack = flush.left > 0;
  state.shares = flush.left > 0 ? undefined : sharesUnderWay(state);
  state.sendBehind(Number.MAX_SAFE_INTEGER);
}

/** Where nothing else waits. */
function sharesUnderWay({ inFlight, node }: DeliveryState): OfflineShares {
  const shares = new OfflineShares(node.settings.offlineLimits);
  for (const { counted, stanza } of inFlight.values()) {
    if (counted) shares.count(stanza.from!.bare.text, stanza.size, 1);
  }
  return shares;
}

/** A row that cannot be read stays where it is, and holds up no other. */
function offerSafely(state: DeliveryState, flush: Flush, row: PendingMessage): void {
  try {
    offer(state, flush, row);
    state.sendBehind(row.seq + 1);
  } catch (error) {
    flush.left++;
    state.node.log.error("cannot offer waiting message", { owner: state.owner.text, seq: row.seq, error });
  }
}

function offer(state: DeliveryState, flush: Flush, row: PendingMessage): void {
  state.sendBehind(row.seq);
  flush.after = row.seq;
  const known = state.inFlight.get(row.seq);
  if (state.offered.takerOf(row.seq) !== undefined || (known !== undefined && known.phase !== "resting")) {
    return offerHeldRow(state, flush, row);
  }
  // It was read, so its commit is there, though the news of it may still be on the way.
  if (known !== undefined) rested(state, known);
  const flight = fromRow(row);
  if (expire(state, flight)) return;
  if (row.archived && row.seq <= flush.seenUntil && hasNoSay(flight.rules)) {
    return state.node.store.tell({ kind: "settle", owner: state.owner.text, seqs: [row.seq] });
  }
  const plan = planFor(state, flight, state.profile.resources, { forward: false });
  if (plan.kind !== "direct") {
    flush.left++;
    return;
  }
  const { rules } = flight;
  const verdict = rules && verdictOn(rules, plan, state.node.now());
  state.inFlight.set(row.seq, flight);
  if (verdict && verdict.kind !== "default") return takeBack(state, flight, verdict);
  const notify = verdict?.notify;
  if (notify?.when === "now") report(state, flight, notify);
  flight.onProof = notify?.when === "received" ? notify : undefined;
  flush.open.add(row.seq);
  const stanza = withDelay(flight.stanza, state.owner.domain, row.seq);
  toSessions(state, flight, { stanza, rules: flight.rules, seq: row.seq, kept: row.archived }, plan.resources);
}

/** No rule tells of delivery any more. Where one does, only a copy that the device gets here can prove it. */
function hasNoSay(rules: RuleState | undefined): boolean {
  return rules === undefined || rules.settled;
}
