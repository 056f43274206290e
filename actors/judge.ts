/**
 * Rules for a destination that tells its plan: they are read, held against the plan, and against what became of the message.
 * XEP-0079 section 2.2.
 * @module
 */
import type { Met, Verdict } from "../amp/evaluate.ts";
import type { Outcome } from "../amp/outcome.ts";
import type { Plan } from "../amp/plan.ts";
import type { RuleState } from "../amp/rule_state.ts";
import { verdictOn } from "../amp/verdict.ts";
import type { Step } from "../outcomes/step.ts";
import type { StoreCall } from "../store/store.ts";
import { StanzaError, type StanzaErrorCondition } from "../xmpp/errors.ts";
import { bounce } from "./delivery/carry_out.ts";
import type { Envelope } from "./delivery/delivery_letter.ts";
import type { DueEvent } from "./delivery/due_event.ts";
import { fire, ruledOut } from "./delivery/flight/ends.ts";
import { type IntakeTerms, readRules, takeRules } from "./delivery/intake.ts";
import { transact } from "./delivery/log_rows.ts";
import { eventCalls, ruleEvent, sendEvent } from "./delivery/rule_events.ts";
import { ruled, stepsOfEnd } from "./delivery/timeline_notes.ts";
import type { Finding } from "./finding.ts";
import { judged } from "./judged.ts";
import type { Node } from "./node.ts";
import { finish, tellFinished } from "./post.ts";

const NOBODY: Plan = { kind: "none", reason: "no-account", silent: false };
/** Of what has happened no deadline is asked: that is for who holds the message. */
const NO_TIME = Number.NEGATIVE_INFINITY;

/** `pass` gets what the rules let pass, with those that are undecided. */
export function judge(node: Node, envelope: Envelope, plan: Plan, pass: (envelope: Envelope) => void): void {
  const taken = takeRules(node, envelope, envelope.stanza, termsOf(node));
  if (taken === undefined) return;
  const { stanza, rules } = taken;
  if (rules === undefined) return pass({ ...envelope, stanza });
  const verdict = verdictOn(rules, plan, node.now());
  if (verdict.kind === "default") return pass({ ...envelope, stanza, rules: tellNow(node, envelope, rules, verdict) });
  end(node, envelope, rules, { report: verdict, outcome: ruledOut(verdict), bounce: undefined });
}

/** What judge() would do, and the destination after it. */
export function explainPlan(node: Node, envelope: Envelope, plan: Plan): Finding {
  const taken = readRules(envelope, envelope.stanza, termsOf(node));
  if (taken.kind === "refused") return { kind: "refused", condition: taken.condition };
  return judged(taken.rules, plan, node.now());
}

/** What stands behind a destination has no presence to hide. */
function termsOf(node: Node): IntakeTerms {
  return { limits: node.settings.ruleLimits, now: node.now(), maySee: true };
}

/** A rule that the plan meets already is told now. */
function tellNow(
  node: Node,
  { replyTo }: Envelope,
  rules: RuleState,
  { notify }: Extract<Verdict, { kind: "default" }>,
): RuleState {
  if (notify?.when !== "now") return rules;
  const event = ruleEvent(node, notify, rules);
  commit(node, rules, event, replyTo?.timeline, ruled(notify.rule), (sent) => sendEvent(node, sent));
  return fire(rules, notify);
}

/**
 * The destination has finished with it: what that meets of the undecided rules is carried out, and the outcome told. A queue
 * does the same for what it has taken.
 */
export function finishUnderRules(node: Node, envelope: Envelope, outcome: Outcome): void {
  const { rules, replyTo, via } = envelope;
  if (rules === undefined) return finish(node, replyTo, outcome);
  if (outcome.kind !== "none") {
    return end(node, envelope, rules, { report: metBy(rules, outcome), outcome, bounce: undefined });
  }
  // The account that has forwarded it plans again, and decides by itself.
  if (via.length > 0) return finish(node, replyTo, outcome);
  const verdict = verdictOn(rules, NOBODY, node.now());
  if (verdict.kind === "default") {
    return end(node, envelope, rules, { report: verdict.notify, outcome, bounce: outcome.condition });
  }
  end(node, envelope, rules, { report: verdict, outcome: ruledOut(verdict), bounce: undefined });
}

/** The notification that this is. Another action would come too late. */
function metBy(rules: RuleState, outcome: Outcome): Met | undefined {
  const done = planOf(outcome, rules);
  const verdict = done && verdictOn(rules, done, NO_TIME);
  return verdict?.kind === "default" ? verdict.notify : undefined;
}

/** The plan that was carried out. */
function planOf(outcome: Outcome, { recipient }: RuleState): Plan | undefined {
  switch (outcome.kind) {
    case "direct":
      return { kind: "direct", resources: [outcome.resource] };
    case "forwarded":
      return { kind: "forward", to: recipient.text };
    case "stored":
    case "gateway":
      return { kind: outcome.kind };
    default:
      return undefined;
  }
}

interface End {
  readonly report: Met | undefined;
  readonly outcome: Outcome;
  /** The ordinary error, beside a notification. */
  readonly bounce: StanzaErrorCondition | undefined;
}

/** The report of the rule, then the ordinary error (XEP-0079 2.2.3), then the outcome. */
function end(node: Node, { stanza, replyTo }: Envelope, rules: RuleState, given: End): void {
  const { report, outcome } = given;
  const event = report && ruleEvent(node, report, rules);
  const steps = stepsOfEnd(replyTo, given, outcome.kind !== "stored");
  commit(node, rules, event, replyTo?.timeline, steps, (sent) => {
    sendEvent(node, sent);
    if (given.bounce !== undefined) bounce(node, stanza, new StanzaError(given.bounce));
    tellFinished(node, replyTo, outcome);
  });
}

/** The event of a rule is in the log, and the timeline knows, before anything of it is told. */
function commit(
  node: Node,
  { id }: RuleState,
  event: DueEvent | undefined,
  timeline: string | undefined,
  steps: readonly Step[],
  told: (event: DueEvent | undefined) => void,
): void {
  const calls: StoreCall[] = [...eventCalls(node, event)];
  if (timeline !== undefined) calls.push(node.timelines.callOf(timeline, steps));
  if (calls.length === 0) return told(event);
  transact(node, calls, (fault) => {
    if (timeline !== undefined) node.timelines.committed();
    if (fault === undefined) return told(event);
    node.log.error("cannot keep report", { id, fault: fault.kind });
    told(event && { ...event, seq: 0 });
  });
}
