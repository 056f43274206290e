/** Messages go to the gateway, one of each lane at a time, until it has answered; deadlines (XEP-0079 3.3.2) go before. @module */
import { expired } from "../../amp/evaluate.ts";
import type { Outcome } from "../../amp/outcome.ts";
import type { NonePlan } from "../../amp/plan.ts";
import { verdictOn } from "../../amp/verdict.ts";
import { seqTime } from "../../store/sequence.ts";
import type { PendingMessage, StoreCall } from "../../store/store.ts";
import { StanzaError } from "../../xmpp/errors.ts";
import { ruledOut } from "../delivery/flight/ends.ts";
import { fireInLog, ruleEvent } from "../delivery/rule_events.ts";
import type { GatewayAnswer } from "../gateway.ts";
import { attempt, pauseAfter } from "./attempt.ts";
import { end } from "./gateway_endings.ts";
import { flightFromRow, type GatewayFlight, type Lane } from "./gateway_flight.ts";
import { gatewayPlan } from "./gateway_intake.ts";
import type { GatewayState } from "./gateway_state.ts";
import { viaOf } from "./via.ts";

/** Attempts under way at a time. */
const MAX_SENDING = 16;

const REFUSED: NonePlan = { kind: "none", reason: "no-account", silent: false };

export function queue(state: GatewayState, flight: GatewayFlight): void {
  flight.phase = "waiting";
  proceed(state, state.lanes.add(flight));
}

/** Hands over the first of a lane, unless it is under way or paused. */
export function proceed(state: GatewayState, lane: Lane): void {
  const [flight] = lane.flights;
  if (flight === undefined || flight.phase !== "waiting" || lane.cancelPause !== undefined) return;
  if (state.sending >= MAX_SENDING || state.isStopped) return;
  const { node, gateway } = state;
  if (isLate(state, flight)) return;
  const { rules } = flight;
  const verdict = rules && verdictOn(rules, gatewayPlan(flight.stanza.to!), node.now());
  const notify = verdict?.kind === "default" ? verdict.notify : undefined;
  flight.onAccepted = notify?.when === "handed-over" ? notify : undefined;
  flight.phase = "sending";
  flight.attempts++;
  state.sending++;
  attempt(gateway, flight, node.stanzaId(flight.seq), (ms, task) => node.schedule(ms, task)).then((answer) =>
    state.self().tell({ kind: "answered", seq: flight.seq, answer }),
  );
}

export function onAnswered(state: GatewayState, seq: number, answer: GatewayAnswer | Error): void {
  state.sending--;
  const flight = state.held.get(seq);
  if (flight?.phase === "sending") {
    if (answer === "accepted") onTaken(state, flight);
    else if (answer === "refused") onRefused(state, flight);
    else onFailed(state, flight, answer);
  }
  for (const lane of state.lanes.all()) {
    if (state.sending >= MAX_SENDING) break;
    proceed(state, lane);
  }
}

function settle({ domain }: GatewayState, { seq }: GatewayFlight): StoreCall {
  return ["settle", [{ owner: domain, seq }]];
}

function onTaken(state: GatewayState, flight: GatewayFlight): void {
  const event = flight.onAccepted && ruleEvent(state.node, flight.onAccepted, flight.rules!);
  end(state, flight, { event, error: undefined, outcome: { kind: "gateway" } }, [settle(state, flight)]);
}

/** For good, or for too long: nothing delivers it. */
function onRefused(state: GatewayState, flight: GatewayFlight): void {
  const { stanza, rules } = flight;
  const { node } = state;
  const verdict = rules && verdictOn(rules, REFUSED, node.now());
  const met = verdict?.kind === "default" ? verdict.notify : verdict;
  const event = met && ruleEvent(node, met, rules!);
  const isRuled = verdict !== undefined && verdict.kind !== "default";
  const outcome: Outcome = isRuled ? ruledOut(verdict) : { kind: "none", condition: "service-unavailable" };
  const error = isRuled ? undefined : stanza.error(new StanzaError("service-unavailable"), viaOf(stanza));
  end(state, flight, { event, error, outcome }, [settle(state, flight)]);
}

function onFailed(state: GatewayState, flight: GatewayFlight, error: Error): void {
  const { node, domain, gateway } = state;
  node.log.warn("gateway gives no answer", { domain, attempt: flight.attempts, error: error.message });
  flight.phase = "waiting";
  const pause = pauseAfter(flight.attempts);
  if (node.now() + pause - seqTime(flight.seq) > gateway.retryMs) return onRefused(state, flight);
  const lane = state.lanes.of(flight);
  if (lane === undefined) return;
  lane.cancelPause = node.schedule(pause, () => state.self().tell({ kind: "retry", seq: flight.seq }));
}

export function onRetry(state: GatewayState, seq: number): void {
  const flight = state.held.get(seq);
  const lane = flight && state.lanes.of(flight);
  if (lane === undefined || lane.flights[0] !== flight) return;
  lane.cancelPause = undefined;
  proceed(state, lane);
}

/** With the gateway a message may have been delivered already: its answer decides. One that is not held is read first. */
export function onExpire(state: GatewayState, seq: number): void {
  const flight = state.held.get(seq);
  if (flight?.phase === "waiting") isLate(state, flight);
  if (flight !== undefined) return;
  const { node, domain, self } = state;
  node.database.pending(domain, seq - 1, 1).then(
    ([row]) => row?.seq === seq && self().tell({ kind: "late", row }),
    (error) => node.log.error("cannot read message for gateway", { domain, seq, error }),
  );
}

/** What is being read into memory meanwhile is looked at there, or when the deadline comes again. */
export function onLateRow(state: GatewayState, row: PendingMessage): void {
  if (state.isReading || state.held.has(row.seq)) return;
  const flight = flightFromRow(row);
  if (isLate(state, flight)) state.held.set(flight.seq, flight);
}

/** Whether its time is over, so that it is taken out. */
function isLate(state: GatewayState, flight: GatewayFlight): boolean {
  const { seq, rules } = flight;
  const { node, domain } = state;
  const late = rules && expired(rules.rules, rules.fired, node.now());
  if (!late) return false;
  if (late.rule.action === "notify") {
    flight.rules = fireInLog(node, domain, { seq, rules }, late);
    return false;
  }
  const event = ruleEvent(node, late, rules);
  const withdraw: StoreCall = ["withdraw", domain, seq];
  end(state, flight, { event, error: undefined, outcome: ruledOut(late) }, [withdraw]);
  return true;
}
