/**
 * Rules for a destination that tells its plan: they are read, held against the plan, and against what became of the message.
 * XEP-0079 section 2.2.
 * @module
 */
import type { Met, NotifyMoment, Verdict } from "../amp/evaluate.ts";
import type { Outcome } from "../amp/outcome.ts";
import type { Plan } from "../amp/plan.ts";
import type { RuleState } from "../amp/rule_state.ts";
import { verdictOn } from "../amp/verdict.ts";
import { StanzaError } from "../xmpp/errors.ts";
import type { Stanza } from "../xmpp/stanza.ts";
import type { ReplyTo } from "./address.ts";
import { countRefusal } from "./count_refusal.ts";
import type { Envelope } from "./delivery/delivery_letter.ts";
import { fire, ruledOut } from "./delivery/flight/ends.ts";
import { type IntakeTerms, takeIn } from "./delivery/intake.ts";
import { transact } from "./delivery/log_rows.ts";
import { eventCalls, ruleEvent, sendEvent } from "./delivery/rule_events.ts";
import type { Finding } from "./finding.ts";
import { judged } from "./judged.ts";
import type { Node } from "./node.ts";
import { finish, tellRefused } from "./post.ts";
import type { Waiters } from "./waiters.ts";

const NOBODY: Plan = { kind: "none", reason: "no-account", silent: false };

/** `pass` gets what the rules let pass. */
export function judge(
  node: Node,
  waiters: Waiters,
  envelope: Envelope,
  plan: Plan,
  pass: (envelope: Envelope) => void,
): void {
  const { stanza, replyTo } = envelope;
  const taken = takeIn(stanza, termsOf(node));
  if (taken.kind === "refused") {
    countRefusal(node.meters, taken.reply);
    node.route(taken.reply, { notice: true });
    return tellRefused(node, replyTo, taken.condition);
  }
  const rules = taken.kind === "ruled" ? taken.rules : envelope.rules;
  const passed: Envelope = { ...envelope, stanza: taken.stanza, rules: undefined };
  if (rules === undefined) return pass(passed);
  const verdict = verdictOn(rules, plan, node.now());
  if (verdict.kind !== "default") return report(node, verdict, rules, () => finish(node, replyTo, ruledOut(verdict)));
  pass({ ...passed, replyTo: watch(node, waiters, passed, carryNow(node, rules, verdict.notify), verdict.notify) });
}

/** What judge() would do, and the destination after it. */
export function explainPlan(node: Node, { stanza, rules: given }: Envelope, plan: Plan): Finding {
  const taken = takeIn(stanza, termsOf(node));
  if (taken.kind === "refused") return { kind: "refused", condition: taken.condition };
  return judged(taken.kind === "ruled" ? taken.rules : given, plan, node.now());
}

function termsOf(node: Node): IntakeTerms {
  return { limits: node.settings.ruleLimits, now: node.now(), maySee: true };
}

type Notify = Extract<Verdict, { kind: "default" }>["notify"];

/** A rule that the plan meets already is told now. */
function carryNow(node: Node, rules: RuleState, notify: Notify): RuleState {
  if (notify?.when !== "now") return rules;
  report(node, notify, rules, () => {});
  return fire(rules, notify);
}

/** The ticket for what becomes of the message: rules are held against that too. */
function watch(node: Node, waiters: Waiters, { stanza, replyTo }: Envelope, rules: RuleState, notify: Notify): ReplyTo {
  const ticket = waiters.add((letter) => {
    if (letter.kind !== "outcome") return;
    waiters.remove(ticket);
    conclude(node, stanza, rules, notify, letter.outcome, () => finish(node, replyTo, letter.outcome));
  });
  return { to: { kind: "waiter", process: node.peers.own }, ticket, waits: true };
}

function conclude(
  node: Node,
  stanza: Stanza,
  rules: RuleState,
  notify: Notify,
  outcome: Outcome,
  done: () => void,
): void {
  if (outcome.kind === "none") return undeliverable(node, stanza, rules, done);
  const met = notify?.when === momentOf(outcome) ? notify : undefined;
  if (met === undefined) return done();
  report(node, met, rules, done);
}

function momentOf({ kind }: Outcome): NotifyMoment | undefined {
  switch (kind) {
    case "direct":
      return "received";
    case "stored":
      return "stored";
    case "forwarded":
    case "gateway":
      return "handed-over";
    default:
      return undefined;
  }
}

/** The action of a rule for it, or, beside a notification, the ordinary error. */
function undeliverable(node: Node, stanza: Stanza, rules: RuleState, done: () => void): void {
  const verdict = verdictOn(rules, NOBODY, node.now());
  const met = verdict.kind === "default" ? verdict.notify : verdict;
  const error = verdict.kind === "default" ? stanza.error(new StanzaError("service-unavailable")) : undefined;
  const finished = () => {
    if (error !== undefined) {
      countRefusal(node.meters, error);
      node.route(error);
    }
    done();
  };
  if (met === undefined) return finished();
  report(node, met, rules, finished);
}

/** The event of a rule is in the log before it is told, and before anything that follows. */
function report(node: Node, met: Met, rules: RuleState, done: () => void): void {
  const event = ruleEvent(node, met, rules);
  const calls = eventCalls(event);
  const tell = () => {
    sendEvent(node, event);
    done();
  };
  if (calls.length === 0) return tell();
  transact(node, calls, (fault) => {
    if (fault !== undefined) node.log.error("cannot keep report", { id: rules.id, fault: fault.kind });
    tell();
  });
}
