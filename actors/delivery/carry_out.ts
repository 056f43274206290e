/** Moves messages by events, and carries out what each step asks for. @module */
import type { Outcome } from "../../amp/outcome.ts";
import { deadlineOf, encodeState } from "../../amp/rule_state.ts";
import type { StoreCall, StoreFault } from "../../store/store.ts";
import { StanzaError } from "../../xmpp/errors.ts";
import type { Jid } from "../../xmpp/jid.ts";
import type { Stanza } from "../../xmpp/stanza.ts";
import type { ReplyTo } from "../address.ts";
import { countRefusal } from "../count_refusal.ts";
import type { Node } from "../node.ts";
import { finish, type Teller, tellAccepted, tellFinished, tellOutcome } from "../post.ts";
import type { Done } from "./delivery_letter.ts";
import type { Change, Effect, Event, Step, Terms } from "./flight/flight.ts";
import { step } from "./flight/step.ts";
import type { Holder } from "./holder.ts";
import { conditionOf, transact, waitingUnder } from "./log_rows.ts";
import { announce, eventCalls, fireInLog, ownerOf, ruleEvent, sendEvent } from "./rule_events.ts";
import { endingSteps, noteEffect, noteEvent } from "./timeline_notes.ts";
import type { Tracked } from "./tracked.ts";

export function termsOf({ node, offline }: Holder): Terms {
  return { offline, logsReports: node.settings.offline, now: node.now() };
}

export function move(holder: Holder, tracked: Tracked, event: Event, terms = termsOf(holder)): void {
  if (tracked.timeline !== undefined) noteEvent(holder, tracked, event);
  apply(holder, tracked, step(tracked.flight, event, terms));
}

export function apply(holder: Holder, tracked: Tracked, { flight, effects }: Step): void {
  if (flight !== undefined) tracked.flight = flight;
  holder.moved(tracked, flight === undefined);
  for (let i = 0; i < effects.length; i++) carryOut(holder, tracked, effects[i]!);
}

/** In the order of the union in flight/flight.ts. */
export function carryOut(holder: Holder, tracked: Tracked, effect: Effect): void {
  const { node } = holder;
  const { seq } = tracked;
  if (tracked.timeline !== undefined) noteEffect(holder, tracked, effect);
  switch (effect.kind) {
    case "commit":
      return commit(holder, tracked, effect);
    case "report":
      return report(holder, tracked, effect);
    case "fire":
      return void fireInLog(node, holder.owner.text, { seq, rules: effect.rules }, effect.met);
    case "unreport":
      return unreport(holder, tracked);
    case "bounce":
      if (tracked.refusal !== undefined) return refuse(node, tracked.refusal);
      // The sender of a forwarded message knows only the account that has forwarded it.
      return bounce(node, tracked.stanza, errorOf(effect), tracked.via[0]);
    case "accept":
      return accept(node, tracked);
    case "tell":
      node.meters.outcomes[effect.outcome.kind]++;
      holder.settled(tracked, effect.outcome);
      tellOutcome(node, tracked.replyTo, effect.outcome);
      if (tracked.replyTo?.timeline !== undefined) tracked.replyTo = { ...tracked.replyTo, isCounted: true };
      return;
    case "log":
      return node.log.error("rule not carried out", { seq, fault: effect.condition });
    case "over":
      return conclude(holder, tracked, effect.outcome, effect.isLast);
    default:
      return holder.carryOutOwn(tracked, effect);
  }
}

/** The transaction of an ending is committed, or has failed. Returns false where the message has moved on since. */
export function moveByCommit(holder: Holder, { seq, commit, fault }: Done): boolean {
  const tracked = holder.inFlight.get(seq);
  const stage = tracked?.flight.stage;
  const isAwaited = (stage?.kind === "resting" || stage?.kind === "ending") && tracked?.commits === commit;
  if (tracked === undefined || !isAwaited) return false;
  if (fault !== undefined) tracked.hasLastSteps = false;
  move(holder, tracked, { kind: "done", fault: fault && conditionOf(fault) });
  return true;
}

/** XEP-0198 counts the message from now on; an application goes on waiting for outcomes. */
export function accept(teller: Teller, tracked: { replyTo: ReplyTo | undefined }): void {
  const { replyTo } = tracked;
  tellAccepted(teller, replyTo);
  if (replyTo?.timeline !== undefined) {
    tracked.replyTo = { ...replyTo, to: replyTo.waits ? replyTo.to : undefined, isCounted: true };
  } else if (replyTo?.waits !== true) tracked.replyTo = undefined;
}

/** `outcome`: undefined where it was told before. */
function conclude(holder: Holder, tracked: Tracked, outcome: Outcome | undefined, isLast = false): void {
  holder.inFlight.delete(tracked.seq);
  const { node } = holder;
  if (outcome !== undefined) {
    node.meters.outcomes[outcome.kind]++;
    holder.settled(tracked, outcome);
  }
  if (tracked.hasLastSteps) return tellFinished(node, tracked.replyTo, outcome);
  finish(node, tracked.replyTo, outcome, isLast || !(outcome?.kind === "stored" && tracked.flight.row.waits));
}

function errorOf({ condition, type }: Extract<Effect, { kind: "bounce" }>): StanzaError {
  return type === undefined ? new StanzaError(condition) : new StanzaError(condition, { type });
}

function refuse(node: Node, reply: Stanza): void {
  countRefusal(node.meters, reply);
  node.route(reply, { notice: true });
}

export function bounce(node: Node, stanza: Stanza, error: StanzaError, by?: Jid): void {
  if (stanza.type === "error") return;
  node.meters.refusals[error.condition]++;
  node.route(stanza.error(error, by));
}

type Commit = Extract<Effect, { kind: "commit" }>;

function commit(holder: Holder, tracked: Tracked, { changes, ending, alone }: Commit): void {
  const { seq, flight } = tracked;
  const commit = ++tracked.commits;
  tracked.report = ending.report && ruleEvent(holder.node, ending.report, flight.rules!);
  const calls: StoreCall[] = [
    ...changes.flatMap((change) => callsOf(holder, tracked, change)),
    ...eventCalls(holder.node, tracked.report),
  ];
  if (tracked.timeline !== undefined) calls.push(...endingSteps(holder.node, tracked, changes, ending));
  const done = (fault: StoreFault | undefined) => {
    holder.self().tell({ kind: "done", seq, commit, fault });
    if (tracked.timeline !== undefined) holder.node.timelines.committed();
  };
  // An application's report has no row, so there may be nothing to write.
  if (calls.length === 0) return done(undefined);
  transact(holder.node, calls, done, alone);
}

function callsOf(holder: Holder, tracked: Tracked, change: Change): readonly StoreCall[] {
  const { seq, stanza, flight } = tracked;
  const owner = holder.owner.text;
  const { rules, row } = flight;
  switch (change) {
    case "row":
      tracked.isWritten = true;
      return [["append", [tracked]]];
    case "append":
      return [["append", [{ owner, seq, text: stanza.toString(), waiting: waitingUnder(rules, tracked.timeline) }]]];
    case "rules":
      return [["setRules", owner, seq, encodeState(rules!), deadlineOf(rules)]];
    case "settle":
      return [["settle", [{ owner, seq }]]];
    case "withdraw": {
      const withdraw: StoreCall = ["withdraw", owner, seq];
      if (row.waits) return [withdraw];
      // Only what waits can be withdrawn; a message of the archive alone waits for this one moment.
      return [["pend", [{ owner, seq, waiting: {} }]], withdraw];
    }
    default:
      return change satisfies never;
  }
}

function report(holder: Holder, tracked: Tracked, { met, logged }: Extract<Effect, { kind: "report" }>): void {
  const { node } = holder;
  if (logged === "done") return sendEvent(node, tracked.report);
  const event = ruleEvent(node, met, tracked.flight.rules!);
  if (event === undefined) return;
  if (logged === "now") announce(holder, event, tracked.timeline);
  else sendEvent(node, { ...event, seq: 0 });
}

function unreport({ node }: Holder, { report }: Tracked): void {
  if (report === undefined || report.seq === 0) return;
  node.store.tell({ kind: "settle", owner: ownerOf(node, report.stanza).text, seqs: [report.seq] });
}
