/** A message comes for a gateway: its rules are validated and held against the plan, then it is kept. XEP-0079 2.2. @module */
import type { Met } from "../../amp/evaluate.ts";
import { type Plan, plan } from "../../amp/plan.ts";
import { deadlineOf, encodeState, type RuleState } from "../../amp/rule_state.ts";
import { verdictOn } from "../../amp/verdict.ts";
import { type NewMessage, NO_ENTRIES } from "../../store/store.ts";
import type { Jid } from "../../xmpp/jid.ts";
import type { Stanza } from "../../xmpp/stanza.ts";
import type { Envelope } from "../delivery/delivery_letter.ts";
import type { DueEvent } from "../delivery/due_event.ts";
import { isEphemeral } from "../delivery/ephemeral.ts";
import { fire, ruledOut } from "../delivery/flight/ends.ts";
import { takeIn } from "../delivery/intake.ts";
import { eventCalls, ruleEvent } from "../delivery/rule_events.ts";
import { finish } from "../post.ts";
import { commit, end, refuse } from "./gateway_endings.ts";
import { flightOf, type GatewayFlight } from "./gateway_flight.ts";
import type { GatewayState } from "./gateway_state.ts";
import { withVia } from "./via.ts";

/** Messages held, with those whose commit is awaited; above it a message is refused. */
const MAX_HELD_EVER = 10_000;

export function onMessage(state: GatewayState, envelope: Envelope): void {
  const { node } = state;
  const { replyTo, via } = envelope;
  if (envelope.stanza.type === "error" || isEphemeral(envelope.stanza)) {
    return finish(state.node, replyTo, { kind: "dropped" });
  }
  if (state.held.size >= MAX_HELD_EVER) {
    return refuse(state, { ...envelope, isForwarded: via.length > 0 }, "resource-constraint");
  }
  // A gateway has no presence to hide.
  const taken = takeIn(envelope.stanza, { limits: node.settings.ruleLimits, now: node.now(), maySee: true });
  if (taken.kind === "refused") {
    node.route(taken.reply, { notice: true });
    return finish(state.node, replyTo, { kind: "none", condition: taken.condition });
  }
  const rules = taken.kind === "ruled" ? taken.rules : envelope.rules;
  const stanza = withVia(taken.stanza, via);
  if (rules === undefined) return keep(state, envelope, stanza, undefined, undefined);
  const verdict = verdictOn(rules, gatewayPlan(stanza.to!), node.now());
  if (verdict.kind !== "default") return endAtReceipt(state, envelope, stanza, verdict, rules);
  const now = verdict.notify?.when === "now" ? verdict.notify : undefined;
  const event = now && ruleEvent(node, now, rules);
  keep(state, envelope, stanza, now === undefined ? rules : fire(rules, now), event);
}

export function gatewayPlan(to: Jid): Plan {
  const storage = { offline: false, archive: false, storable: false };
  const nobody = { accountExists: true, blocked: false, resources: [] };
  return plan({ messageType: "normal", to, storage, ...nobody, gateway: true });
}

/** `event` is what the sender is told as soon as the message is in the log. */
function keep(
  state: GatewayState,
  envelope: Envelope,
  stanza: Stanza,
  rules: RuleState | undefined,
  event: DueEvent | undefined,
): void {
  const { node, domain } = state;
  const seq = node.seqs.next();
  const deadline = deadlineOf(rules);
  const pending = { owner: domain, rules: rules && encodeState(rules), deadline };
  const row: NewMessage = { seq, text: stanza.toString(), archive: NO_ENTRIES, pending };
  const flight: GatewayFlight = { ...flightOf(seq, stanza, rules), replyTo: envelope.replyTo, phase: "committing" };
  if (event !== undefined) flight.ending = { event, error: undefined, outcome: { kind: "gateway" } };
  state.held.set(seq, flight);
  commit(state, seq, [["append", [row]], ...eventCalls(event)]);
}

/** A rule takes it out before the gateway has heard of it. */
function endAtReceipt(state: GatewayState, envelope: Envelope, stanza: Stanza, met: Met, rules: RuleState): void {
  const { node } = state;
  const event = ruleEvent(node, met, rules);
  const outcome = ruledOut(met);
  const seq = node.seqs.next();
  if (event === undefined) return finish(state.node, envelope.replyTo, outcome);
  const flight: GatewayFlight = { ...flightOf(seq, stanza, rules), replyTo: envelope.replyTo };
  state.held.set(seq, flight);
  end(state, flight, { event, error: undefined, outcome }, []);
}
