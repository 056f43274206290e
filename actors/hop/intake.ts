/** A message comes for a hop: its rules are validated and held against the plan, then it is kept. XEP-0079 2.2. @module */
import type { Met, NotifyMoment } from "../../amp/evaluate.ts";
import type { RuleState } from "../../amp/rule_state.ts";
import { StanzaError } from "../../xmpp/errors.ts";
import type { Stanza } from "../../xmpp/stanza.ts";
import { begin, endHere } from "../delivery/arrival.ts";
import { bounce } from "../delivery/carry_out.ts";
import type { Envelope } from "../delivery/delivery_letter.ts";
import { isEphemeral } from "../delivery/ephemeral.ts";
import { fire, ruledOut } from "../delivery/flight/ends.ts";
import type { Row } from "../delivery/flight/flight.ts";
import { queue } from "../delivery/flight/on_hop.ts";
import { type IntakeTerms, readRules, takeRules } from "../delivery/intake.ts";
import { append, waitingUnder } from "../delivery/log_rows.ts";
import { announceMet } from "../delivery/rule_events.ts";
import { LOGGED_ROW, Tracked, UNOFFERED } from "../delivery/tracked.ts";
import type { Finding } from "../finding.ts";
import { judged } from "../judged.ts";
import { finish, tellRefused } from "../post.ts";
import type { HopState } from "./hop_state.ts";
import { judgedHere, planOf, verdictAtHop } from "./judging.ts";
import { withVia } from "./via.ts";

/** Messages held, with those whose commit is awaited; above it a message is refused. */
const MAX_HELD_EVER = 10_000;
const QUEUED_ROW: Row = { log: "queued", waits: true, archived: false, counted: false };

export function onMessage(state: HopState, envelope: Envelope): void {
  const { node } = state;
  const { stanza, seq } = envelope;
  if (isIgnored(state, stanza)) return finish(node, envelope.replyTo, { kind: "dropped" });
  if (seq === 0 && isFull(state, envelope)) return refuse(state, envelope);
  if (state.early !== undefined) return hold(state, state.early, envelope);
  if (seq > 0) return takeLogged(state, envelope);
  const taken = takeRules(node, envelope, stanza, termsOf(state));
  if (taken !== undefined) decide(state, envelope, withVia(taken.stanza, envelope.via), taken.rules);
}

/** A report that the log holds already; it may have been read there and sent meanwhile. */
function takeLogged(state: HopState, envelope: Envelope): void {
  const { seq, stanza } = envelope;
  if (state.inFlight.has(seq) || state.goneReports.has(seq)) return;
  const tracked = new Tracked(envelope, { owner: state.owner.text, seq }, stanza, undefined, UNOFFERED, LOGGED_ROW);
  state.shares.count(stanza, 1);
  requeue(state, tracked);
}

/** A message that is durable is on its way to the far end. */
export function requeue(state: HopState, tracked: Tracked): void {
  const { rules } = tracked.flight;
  const verdict = rules && verdictAtHop(state, rules);
  const notify = verdict?.kind === "default" ? verdict.notify : undefined;
  begin(state, tracked, queue(tracked.flight, isOnTaken(notify) ? notify : undefined));
}

function isOnTaken(notify: { readonly when: NotifyMoment } | undefined): boolean {
  return notify?.when === "handed-over" || notify?.when === "received";
}

function hold({ shares }: HopState, early: Envelope[], envelope: Envelope): void {
  early.push(envelope);
  shares.count(envelope.stanza, 1);
}

/** The log is open, and what is older is known. */
export function takeEarly(state: HopState): void {
  const { early, shares } = state;
  if (early === undefined) return;
  state.early = undefined;
  for (const { stanza } of early) shares.count(stanza, -1);
  for (const envelope of early) takeSafely(state, envelope);
}

/** The failure of one holds up no other. */
function takeSafely(state: HopState, envelope: Envelope): void {
  try {
    onMessage(state, envelope);
  } catch (error) {
    state.node.log.error("cannot take message for hop", { domain: state.owner.text, error });
  }
}

/** What onMessage() would do. */
export function explain(state: HopState, envelope: Envelope): Finding {
  const { stanza } = envelope;
  if (isIgnored(state, stanza)) return { kind: "ended", outcome: { kind: "dropped" } };
  if (isFull(state, envelope)) return { kind: "refused", condition: "resource-constraint" };
  const taken = readRules(envelope, stanza, termsOf(state));
  if (taken.kind === "refused") return { kind: "refused", condition: taken.condition };
  const { rules } = taken;
  return judged(rules && judgedHere(state, rules), planOf(state), state.node.now());
}

/** To another server errors go too. */
function isIgnored({ options }: HopState, stanza: Stanza): boolean {
  return options.next === undefined && (stanza.type === "error" || isEphemeral(stanza));
}

/** The queue has no room for it; senders have shares, the application has not. */
function isFull({ inFlight, early, shares, options }: HopState, { stanza, replyTo, via }: Envelope): boolean {
  const { next } = options;
  const { total } = shares;
  if (next !== undefined && (total.messages >= next.messages || total.bytes + stanza.size > next.bytes)) return true;
  const isOwn = replyTo?.waits === true && via.length === 0;
  return inFlight.size + (early?.length ?? 0) >= MAX_HELD_EVER || (!isOwn && shares.isFull(stanza));
}

/** What stands behind a hop has no presence to hide. */
function termsOf({ node }: HopState): IntakeTerms {
  return { limits: node.settings.ruleLimits, now: node.now(), maySee: true };
}

/** A forwarding account decides by itself what becomes of a message that is refused; a report has nobody to hear of it. */
function refuse({ node }: HopState, { stanza, notice, via, replyTo }: Envelope): void {
  if (via.length === 0 && !notice) bounce(node, stanza, new StanzaError("resource-constraint", { type: "wait" }));
  tellRefused(node, replyTo, "resource-constraint");
}

function decide(state: HopState, envelope: Envelope, stanza: Stanza, rules: RuleState | undefined): void {
  if (rules === undefined) return keep(state, envelope, stanza, rules, undefined);
  const verdict = verdictAtHop(state, rules);
  if (verdict.kind !== "default") return endHere(state, { envelope, stanza, rules }, verdict, ruledOut(verdict));
  const { notify } = verdict;
  if (notify?.when !== "now") {
    return keep(state, envelope, stanza, rules, isOnTaken(notify) ? notify : undefined);
  }
  announceMet(state, notify, rules, envelope.replyTo?.timeline);
  keep(state, envelope, stanza, fire(rules, notify), undefined);
}

/** It is durable before it counts as accepted, and before the far end hears of it. */
function keep(
  state: HopState,
  envelope: Envelope,
  stanza: Stanza,
  rules: RuleState | undefined,
  onTaken: Met | undefined,
): void {
  const place = { owner: state.owner.text, seq: state.node.seqs.next() };
  const tracked = new Tracked(envelope, place, stanza, rules, UNOFFERED, QUEUED_ROW);
  tracked.waiting = waitingUnder(rules, tracked.timeline);
  state.shares.count(stanza, 1);
  begin(state, tracked, queue(tracked.flight, onTaken));
  append(state, tracked, stanza.size, false, true);
}
