/** How a message in flight comes to its end or to rest. @module */
import { type Met, nextDeadline } from "../../amp/evaluate.ts";
import type { Outcome } from "../../amp/outcome.ts";
import { type NonePlan, ordinaryError } from "../../amp/plan.ts";
import { encodeState } from "../../amp/rule_state.ts";
import type { StoreCall } from "../../store/store.ts";
import { StanzaError } from "../../xmpp/errors.ts";
import type { Stanza } from "../../xmpp/stanza.ts";
import type { Receipt } from "../protocol.ts";
import type { DeliveryState } from "./delivery_state.ts";
import type { DueEvent, Ending } from "./ending.ts";
import type { InFlight } from "./in_flight.ts";
import { commit, pendingEntry } from "./log_rows.ts";
import { eventCalls, fire, ruledOut, ruleEvent, sendEvent } from "./rule_events.ts";

/** The end of a message that is not in flight. */
export function finish(receipt: Receipt | undefined, outcome: Outcome): void {
  if (receipt === undefined) return;
  receipt.outcome(outcome);
  receipt.accepted();
}

/** It is durable now, or has reached its end. */
export function accept(flight: { receipt: Receipt | undefined }): void {
  const { receipt } = flight;
  if (receipt === undefined) return;
  receipt.accepted();
  if (!receipt.waits) flight.receipt = undefined;
}

/** It is not in flight any more. */
export function conclude(state: DeliveryState, flight: InFlight, outcome: Outcome): void {
  state.inFlight.delete(flight.seq);
  state.flush?.open.delete(flight.seq);
  finish(flight.receipt, outcome);
}

export function bounce(state: DeliveryState, stanza: Stanza, error: StanzaError): void {
  if (stanza.type !== "error") state.node.route(stanza.error(error));
}

/** Ends a message: the calls that take it away and its event in one transaction, then what is told of it. */
export function end(
  state: DeliveryState,
  flight: InFlight,
  outcome: Outcome,
  event: DueEvent | undefined,
  calls: readonly StoreCall[],
  alone = false,
): void {
  flight.phase = "ending";
  flight.targets = [];
  const all = [...calls, ...eventCalls(event)];
  if (all.length > 0) return commit(state, flight, { kind: "end", event, outcome }, all, alone);
  sendEvent(state.node, event);
  conclude(state, flight, outcome);
}

/** Takes a message out: of what waits and of the recipient's archive. */
export function withdrawal(state: DeliveryState, flight: InFlight): readonly StoreCall[] {
  if (flight.log === "none") return [];
  const owner = state.owner.text;
  // Only what waits can be withdrawn; a message of the archive alone waits for this one moment.
  const pend: StoreCall = ["pend", [{ seq: flight.seq, pending: { owner } }]];
  const withdraw: StoreCall = ["withdraw", owner, flight.seq];
  return flight.waits ? [withdraw] : [pend, withdraw];
}

/** A rule takes the message out. */
export function takeBack(state: DeliveryState, flight: InFlight, met: Met): void {
  const event = ruleEvent(state.node, met, flight.rules!);
  end(state, flight, ruledOut(met), event, withdrawal(state, flight));
}

/** Nothing will deliver it after all. */
export function giveUp(state: DeliveryState, flight: InFlight, plan: NonePlan, notify: Met | undefined): void {
  const condition = ordinaryError(plan);
  const event = notify && ruleEvent(state.node, notify, flight.rules!);
  if (condition !== undefined && mayBounce(flight)) bounce(state, flight.stanza, new StanzaError(condition));
  const outcome: Outcome = condition === undefined ? { kind: "dropped" } : { kind: "none", condition };
  end(state, flight, outcome, event, withdrawal(state, flight));
}

/** Neither an event nor what a forwarding account has sent on, which decides by itself. */
export function mayBounce(message: Pick<InFlight, "notice" | "via">): boolean {
  return !message.notice && message.via.length === 0;
}

/** Back to storage: its row is there already, on its way, or made now. */
export function rest(state: DeliveryState, flight: InFlight, notify: Met | undefined): void {
  if (flight.log === "none" && !state.offline) {
    return giveUp(state, flight, { kind: "none", reason: "no-storage", silent: false }, undefined);
  }
  const { rules } = flight;
  flight.phase = "resting";
  flight.targets = [];
  flight.onProof = undefined;
  flight.rules = rules && { ...(notify === undefined ? rules : fire(rules, notify)), settled: true };
  const event = notify && ruleEvent(state.node, notify, rules!);
  const hasRow = state.offline && !flight.waits;
  const calls = [...restingCalls(state, flight), ...eventCalls(event)];
  if (state.offline) waitInStorage(state, flight);
  const ending: Ending = { kind: "rest", event, outcome: { kind: "stored" }, hasRow };
  if (calls.length > 0) return commit(state, flight, ending, calls);
  if (flight.log === "durable") rested(state, flight);
}

function restingCalls(state: DeliveryState, flight: InFlight): readonly StoreCall[] {
  const { seq, stanza, rules } = flight;
  if (!state.offline) return [];
  if (!flight.waits) {
    flight.waits = true;
    const pending = pendingEntry(state, rules);
    return [["append", [{ seq, text: stanza.toString(), archive: [], pending }]]];
  }
  if (rules === undefined) return [];
  const deadline = nextDeadline(rules.rules, rules.fired);
  return [["setRules", state.owner.text, seq, encodeState(rules), deadline]];
}

/** A row of it waits, or will, for a flush to offer it. */
export function waitInStorage(state: DeliveryState, flight: InFlight): void {
  state.count(flight, true);
  state.hasPending = true;
  const { flush } = state;
  if (flush === undefined) return;
  flush.open.delete(flight.seq);
  // Rows that the flush has passed already are read again, up to this one; those under way are known by their number.
  flush.after = Math.min(flush.after, flight.seq - 1);
}

/** It lies in durable storage. */
export function rested(state: DeliveryState, flight: InFlight): void {
  sendEvent(state.node, flight.ending?.event);
  conclude(state, flight, { kind: "stored" });
}
