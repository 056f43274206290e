/** XEP-0079 2.2: validation, the default action, the rules in order, the decided action. @module */
import type { Plan } from "../../amp/plan.ts";
import type { Rule } from "../../amp/rule.ts";
import type { RuleState } from "../../amp/rule_state.ts";
import { verdictOn } from "../../amp/verdict.ts";
import type { Jid } from "../../xmpp/jid.ts";
import type { Stanza } from "../../xmpp/stanza.ts";
import { finish } from "../post.ts";
import type { ResourceEntry } from "../profile.ts";
import { type Arrival, arrive, endHere } from "./arrival.ts";
import type { Envelope } from "./delivery_letter.ts";
import type { DeliveryState } from "./delivery_state.ts";
import { ruledOut } from "./flight/ends.ts";
import { hasRules, type IntakeTerms, takeRules } from "./intake.ts";
import { incoming } from "./message_phases.ts";
import { countPending, isKnownTo, type Planned, type PlanOptions, planFor, willStore } from "./plan_input.ts";

/** After a resource came, its flush is told at once; should it never be, messages go on after this time. */
const FLUSH_DUE_MS = 5000;
const UNMATCHED_REFUSED: PlanOptions = { unmatchedNormal: "refuse" };

export function onMessage(state: DeliveryState, envelope: Envelope): void | Promise<void> {
  // What the log holds already came here once: as an event that a flush has found meanwhile, or is about to.
  if (envelope.seq > 0 && (state.inFlight.has(envelope.seq) || state.isProvedEvent(envelope.seq))) return;
  if (state.flushDue > 0) stopWaiting(state);
  const stanza = envelope.notice ? envelope.stanza : incoming(state, envelope.stanza);
  if (!hasRules(envelope, stanza)) return decide(state, envelope, stanza, envelope.rules);
  const taken = takeRules(state.node, envelope, stanza, termsFor(state, envelope, stanza));
  if (taken !== undefined) return decide(state, envelope, taken.stanza, taken.rules);
}

export function termsFor(state: DeliveryState, envelope: Envelope, stanza: Stanza): IntakeTerms {
  const { node } = state;
  return {
    limits: node.settings.ruleLimits,
    now: node.now(),
    // The application is the server's own: it could ask for the presence anyway.
    maySee: envelope.replyTo?.waits === true || maySeePresence(state, stanza.from!),
  };
}

function stopWaiting(state: DeliveryState): void {
  if (state.node.now() - state.flushDue < FLUSH_DUE_MS) return;
  state.flushDue = 0;
  state.self().tell({ kind: "flush", seenUntil: 0 });
}

/** XEP-0079 section 9, checked at validation, before and independent of the outcome. Whom the recipient blocks sees no presence. */
function maySeePresence(state: DeliveryState, sender: Jid): boolean {
  if (state.node.settings.presencePolicy === "open") return true;
  if (state.isBlocked(sender)) return false;
  return isKnownTo(state, sender);
}

function decide(
  state: DeliveryState,
  envelope: Envelope,
  stanza: Stanza,
  rules: RuleState | undefined,
  isLate = false,
): void | Promise<void> {
  const plan = planOf(state, envelope, stanza, rules);
  if (plan === undefined) return countPending(state).then(() => decide(state, envelope, stanza, rules, true));
  if (rules === undefined) return arrive(state, { envelope, stanza, rules, isLate }, plan, undefined);
  underRules(state, { envelope, stanza, rules }, plan);
}

/** The default action for it; undefined: what waits has to be counted before. */
export function planOf(
  state: DeliveryState,
  envelope: Envelope,
  stanza: Stanza,
  rules: RuleState | undefined,
): Plan | undefined {
  const { resource } = stanza.to!;
  const exact = resource === "" ? undefined : taker(state, resource, stanza.from!);
  const isBlocked = state.isBlocked(stanza.from!);
  if (exact !== undefined && !isBlocked) {
    // Notices a resource that has just become ready for what waits: that comes first.
    if (state.isPresenceDue) state.answers();
    // RFC 6121 section 8.5.3.1: a resource that is there gets it, whatever the others would do.
    if (rules === undefined || (envelope.via.length === 0 && state.profile.exists)) {
      return { kind: "direct", resources: [resource] };
    }
  }
  const answers = state.answers();
  if (!isBlocked && state.shares === undefined && willStore(state, stanza, state.openTo(stanza.from!, answers))) {
    return undefined;
  }
  return planFor(state, plannedOf(envelope, stanza), answers, rules === undefined ? UNMATCHED_REFUSED : {});
}

export function plannedOf(envelope: Envelope, stanza: Stanza): Planned {
  const { notice, via, seq, replyTo } = envelope;
  return { stanza, notice, via, waits: seq > 0, isOwn: replyTo?.waits === true };
}

/** The resource of that name, where it takes what that sender sends. */
function taker(state: DeliveryState, name: string, sender: Jid): ResourceEntry | undefined {
  const entry = state.resource(name);
  const view = state.viewOf(entry);
  if (view === undefined || (!state.strangersWait && view.refusesStrangers !== true)) return entry;
  return state.openTo(sender, [view]).length === 0 ? undefined : entry;
}

interface Ruled extends Arrival {
  readonly rules: RuleState;
}

function underRules(state: DeliveryState, { envelope, stanza, rules }: Ruled, plan: Plan): void {
  const verdict = verdictOn(rules, plan, state.node.now());
  const reports = mayReport(state, envelope, rules);
  if (verdict.kind === "default") {
    const kept = reports ? rules : withoutReports(rules);
    return arrive(state, { envelope, stanza, rules: kept }, plan, reports ? verdict.notify : undefined);
  }
  if (verdict.kind !== "drop" && !reports) {
    return finish(state.node, envelope.replyTo, { kind: "none", condition: "service-unavailable" });
  }
  endHere(state, { envelope, stanza, rules }, verdict, ruledOut(verdict));
}

export function mayReport(state: DeliveryState, { via }: Envelope, { sender }: RuleState): boolean {
  return via.length === 0 || maySeePresence(state, sender);
}

/**
 * A message that was forwarded here, from a sender who may not see this account's presence: what the rules say is done,
 * but nothing is told, since it would tell of the account that the message was forwarded to.
 */
function withoutReports(rules: RuleState): RuleState | undefined {
  const silent = rules.rules.flatMap((rule): Rule[] => {
    if (rule.action === "drop") return [rule];
    return rule.condition === "expire-at" && rule.action !== "notify" ? [{ ...rule, action: "drop" }] : [];
  });
  return silent.length === 0 ? undefined : { ...rules, rules: silent };
}
