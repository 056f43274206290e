/** Deadlines: XEP-0079 3.3.2, for a message that waits. @module */
import { expired, type Met, nextDeadline } from "../../amp/evaluate.ts";
import type { ResourceAnswer } from "../../amp/plan.ts";
import type { DeliveryState } from "./delivery_state.ts";
import { takeBack } from "./endings.ts";
import type { InFlight } from "./in_flight.ts";
import { DESCRIBE_MS } from "./plan_input.ts";
import { fireInLog } from "./rule_events.ts";
import { fromRow } from "./waiting_row.ts";

/** How often an overdue message without a row is looked at again, and how far ahead a look is planned at most. */
const LOOK_MS = 1000;
const MAX_AHEAD_MS = 60_000;

/** The expiry actor has found the deadline of a row to be over. It comes again as long as the row has that deadline. */
export function onExpire(state: DeliveryState, seq: number): void | Promise<void> {
  const flight = state.inFlight.get(seq);
  if (flight === undefined) return expireRow(state, seq);
  if (flight.phase === "live") return expireUnproved(state, flight);
  if (flight.phase === "resting" && flight.ending === undefined) expire(state, flight);
}

/** What has no row among those that wait is unknown to the expiry actor: looked after here, as long as it is in flight. */
export function watchDeadline(state: DeliveryState, { seq, rules }: InFlight): void {
  const deadline = rules && nextDeadline(rules.rules, rules.fired);
  if (deadline === undefined) return;
  const { node } = state;
  node.schedule(Math.min(MAX_AHEAD_MS, Math.max(LOOK_MS, deadline - node.now())), () => {
    const flight = state.inFlight.get(seq);
    if (flight === undefined || flight.waits) return;
    if (node.now() >= deadline) state.self().tell({ kind: "expire", seq });
    watchDeadline(state, flight);
  });
}

async function expireRow(state: DeliveryState, seq: number): Promise<void> {
  const [row] = await state.node.database.pending(state.owner.text, seq - 1, 1);
  if (row?.seq === seq) expire(state, fromRow(row));
}

/** Sent and not proved: with a connection it may have been received, so its proof, or the connection's death, decides. */
async function expireUnproved(state: DeliveryState, flight: InFlight): Promise<void> {
  for (const session of flight.targets) {
    const answer = await session.ask<ResourceAnswer>((reply) => ({ kind: "describe", reply }), DESCRIBE_MS);
    if (answer.connected !== false) return;
  }
  const sessions = flight.targets;
  if (!expire(state, flight)) return;
  for (const session of sessions) session.tell({ kind: "revoke", seq: flight.seq });
}

/** Returns whether its time is over, so that it is taken out. */
export function expire(state: DeliveryState, flight: InFlight): boolean {
  const { rules } = flight;
  const late = rules && expired(rules.rules, rules.fired, state.node.now());
  return late !== undefined && onLate(state, flight, late);
}

/** A deadline has passed for a waiting message. Returns whether that takes it out. */
function onLate(state: DeliveryState, flight: InFlight, met: Met): boolean {
  const { action } = met.rule;
  if (action === "notify") report(state, flight, met);
  else {
    state.inFlight.set(flight.seq, flight);
    takeBack(state, flight, met);
  }
  return action !== "notify";
}

/** A `notify` for a message in the log. */
export function report(state: DeliveryState, flight: InFlight, met: Met): void {
  flight.rules = fireInLog(state.node, state.owner.text, { seq: flight.seq, rules: flight.rules! }, met);
  // What has fired closes all rules after it, also the one that waits for proof.
  if (flight.onProof !== undefined && flight.onProof.index > met.index) flight.onProof = undefined;
}
