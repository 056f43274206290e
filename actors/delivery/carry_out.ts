/** XEP-0079 2.2.4: carries out the plan that the rules were held against. @module */
import { type Met, type NotifyMoment, nextDeadline } from "../../amp/evaluate.ts";
import type { Outcome } from "../../amp/outcome.ts";
import { type NonePlan, ordinaryError, type Plan } from "../../amp/plan.ts";
import type { RuleState } from "../../amp/rule_state.ts";
import { storable } from "../../modules/archive_policy.ts";
import { StanzaError } from "../../xmpp/errors.ts";
import { Jid } from "../../xmpp/jid.ts";
import type { Stanza } from "../../xmpp/stanza.ts";
import type { Envelope } from "../protocol.ts";
import { type DeliveryState, PRESENCE_DUE_MS } from "./delivery_state.ts";
import type { DueEvent } from "./ending.ts";
import { bounce, end, finish, mayBounce, waitInStorage } from "./endings.ts";
import { watchDeadline } from "./expiry.ts";
import { handOver } from "./hand_over.ts";
import { InFlight } from "./in_flight.ts";
import { LogRow } from "./log_row.ts";
import { append, archiveEntries, commit, isOwners, keepForSender, pendingEntry, tellSender } from "./log_rows.ts";
import { announce, eventRow, fire, ruleEvent } from "./rule_events.ts";
import { copyToOthers, type Outgoing, toSessions } from "./to_sessions.ts";

/** The event that goes with the plan, and when it becomes true. */
export type Notify = Met & { readonly when: NotifyMoment };

export function carryOut(
  state: DeliveryState,
  envelope: Envelope,
  stanza: Stanza,
  plan: Plan,
  ruled: RuleState | undefined,
  notify: Notify | undefined,
): void {
  const now = notify?.when === "now" ? notify : undefined;
  if (plan.kind === "none")
    return undeliverable(state, envelope, stanza, plan, now && ruleEvent(state.node, now, ruled!));
  if (now !== undefined) announce(state, ruleEvent(state.node, now, ruled!));
  const rules = now === undefined ? ruled : fire(ruled!, now);
  const later = now === undefined ? notify : undefined;
  switch (plan.kind) {
    case "direct":
      return sendDirect(state, envelope, stanza, plan.resources, rules, later);
    case "stored":
      return keep(state, envelope, stanza, rules, later);
    case "forward":
      return forward(state, envelope, stanza, plan.to, rules, later);
    case "gateway":
      throw new Error("Cannot deliver message: an account is not served by a gateway");
    default:
      plan satisfies never;
  }
}

/** Gives it its rows; returns false where there are none to write, or the log holds them already. */
function entersLog(state: DeliveryState, flight: InFlight, envelope: Envelope, waits: boolean): boolean {
  if (envelope.seq > 0) {
    flight.log = "durable";
    flight.waits = true;
    return false;
  }
  const archive = archiveEntries(state, envelope, flight.stanza, true);
  tellSender(envelope, archive, flight.seq);
  if (!waits && archive.length === 0) return false;
  flight.log = "queued";
  flight.archive = archive;
  if (waits) flight.pending = pendingEntry(state, flight.rules);
  flight.waits = waits;
  flight.archived = archive.length > 0;
  flight.kept = isOwners(state.owner.text, archive);
  return true;
}

function sendDirect(
  state: DeliveryState,
  envelope: Envelope,
  stanza: Stanza,
  resources: readonly string[],
  rules: RuleState | undefined,
  notify: Notify | undefined,
): void {
  const keeps = envelope.notice || storable(stanza);
  const isTracked = keeps || rules !== undefined || envelope.receipt?.waits === true;
  if (!isTracked) return sendUntracked(state, envelope, stanza, resources);
  const flight = new InFlight(envelope, envelope.seq || state.node.seqs.next(), stanza, rules, "live");
  if (entersLog(state, flight, envelope, keeps && state.offline)) append(state, flight, stanza.size, flight.waits);
  state.inFlight.set(flight.seq, flight);
  flight.onProof = notify;
  if (!flight.waits && rules !== undefined) watchDeadline(state, flight);
  if (state.comesBehind && flight.waits) return restBehind(state, flight);
  const isBehind = state.comesBehind || state.awaitsPresence(resources);
  if (isBehind) sendBehind(state, flight.seq, flight, flight, resources);
  else send(state, flight, flight, resources);
}

/** Nobody waits for proof of it, and nothing of it is kept but what an archive wants. */
function sendUntracked(state: DeliveryState, envelope: Envelope, stanza: Stanza, resources: readonly string[]): void {
  const archive = archiveEntries(state, envelope, stanza, true);
  const isBehind = state.comesBehind || state.awaitsPresence(resources);
  const seq = archive.length > 0 || isBehind ? state.node.seqs.next() : 0;
  tellSender(envelope, archive, seq);
  if (archive.length > 0) append(state, new LogRow(seq, stanza, archive, undefined), stanza.size, false);
  const kept = isOwners(state.owner.text, archive);
  const message = { stanza, rules: undefined, seq: archive.length > 0 ? seq : 0, kept };
  if (isBehind) sendBehind(state, seq, undefined, message, resources);
  else send(state, undefined, message, resources);
  envelope.receipt?.accepted();
}

/** To those resources, and copies to the others. */
function send(
  state: DeliveryState,
  flight: InFlight | undefined,
  message: Outgoing,
  resources: readonly string[],
): void {
  toSessions(state, flight, message, resources);
  if (state.hasCarbons && flight?.notice !== true) copyToOthers(state, message, resources);
}

/**
 * After what waits, where not too much stands there already; what waits for the presence of its resource, for so long as
 * that may be expected.
 */
function sendBehind(
  state: DeliveryState,
  seq: number,
  flight: InFlight | undefined,
  message: Outgoing,
  resources: readonly string[],
): void {
  const isFirst = state.behind === undefined;
  const sendThen = () => send(state, flight, message, resources);
  if (!state.putBehind({ seq, send: sendThen })) return sendThen();
  if (!isFirst || state.comesBehind) return;
  state.node.schedule(PRESENCE_DUE_MS, () => state.self().tell({ kind: "flush", seenUntil: 0 }));
}

/** Older messages are on their way from storage: this one comes after them, from there. */
function restBehind(state: DeliveryState, flight: InFlight): void {
  flight.phase = "resting";
  flight.onProof = undefined;
  if (state.hasCarbons && !flight.notice) {
    state.putBehind({ seq: flight.seq, send: () => copyOffered(state, flight) });
  }
  waitInStorage(state, flight);
  if (flight.log === "durable") state.inFlight.delete(flight.seq);
}

/** Carbon copies come with the message itself, once that is offered. */
function copyOffered(state: DeliveryState, message: InFlight): void {
  const flight = state.inFlight.get(message.seq);
  const taker = state.offered.takerOf(message.seq);
  const targets = flight?.phase === "live" ? flight.targets : taker === undefined ? [] : [taker];
  if (targets.length === 0) return;
  const takers = state.profile.resources.filter((entry) => targets.includes(entry.ref));
  copyToOthers(
    state,
    message,
    takers.map((entry) => entry.resource),
  );
}

/** Into storage. The event of a `notify` for it lies in the same transaction and goes out after the commit. */
function keep(
  state: DeliveryState,
  envelope: Envelope,
  stanza: Stanza,
  rules: RuleState | undefined,
  notify: Notify | undefined,
): void {
  const settled = rules && { ...(notify === undefined ? rules : fire(rules, notify)), settled: true };
  const flight = new InFlight(envelope, envelope.seq || state.node.seqs.next(), stanza, settled, "resting");
  // Without offline storage the archive holds it; what has a deadline waits for that alone, and is not offered.
  const expires = settled !== undefined && nextDeadline(settled.rules, settled.fired) !== undefined;
  const isNew = entersLog(state, flight, envelope, state.offline || expires);
  if (flight.waits && state.offline) waitInStorage(state, flight);
  if (!isNew) return finish(envelope.receipt, { kind: "stored" });
  state.inFlight.set(flight.seq, flight);
  const event = notify && ruleEvent(state.node, notify, rules!);
  if (event === undefined) return append(state, flight, stanza.size, false, envelope.receipt?.waits === true);
  const rows = event.seq > 0 ? [flight, eventRow(event)] : [flight];
  commit(state, flight, { kind: "rest", event, outcome: { kind: "stored" }, hasRow: true }, [["append", rows]]);
}

/** The archives keep it under the address that was written: the forwarding address is nobody's business. */
function forward(
  state: DeliveryState,
  envelope: Envelope,
  stanza: Stanza,
  to: string,
  rules: RuleState | undefined,
  notify: Notify | undefined,
): void {
  const flight = new InFlight(envelope, state.node.seqs.next(), stanza, rules, "handing");
  if (entersLog(state, flight, envelope, false)) append(state, flight, stanza.size, false);
  flight.onProof = notify;
  state.inFlight.set(flight.seq, flight);
  handOver(state, flight, Jid.parse(to));
}

function undeliverable(
  state: DeliveryState,
  envelope: Envelope,
  stanza: Stanza,
  plan: NonePlan,
  event: DueEvent | undefined,
): void {
  const condition = ordinaryError(plan);
  if (plan.reason === "storage-full") state.noteFull(stanza.from!);
  if (condition !== undefined && mayBounce(envelope)) bounce(state, stanza, new StanzaError(condition));
  endAtReceipt(
    state,
    envelope,
    stanza,
    event,
    condition === undefined ? { kind: "dropped" } : { kind: "none", condition },
  );
}

/** The end of a message that never got further; an event of it is in the log before the message counts as accepted. */
export function endAtReceipt(
  state: DeliveryState,
  envelope: Envelope,
  stanza: Stanza,
  event: DueEvent | undefined,
  outcome: Outcome,
): void {
  keepForSender(state, envelope, stanza);
  if (event === undefined || event.seq === 0 || envelope.receipt === undefined) {
    if (event !== undefined) announce(state, event);
    return finish(envelope.receipt, outcome);
  }
  const flight = new InFlight(envelope, state.node.seqs.next(), stanza, undefined, "ending");
  state.inFlight.set(flight.seq, flight);
  end(state, flight, outcome, event, []);
}
