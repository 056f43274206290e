/** What the sender is told of a rule: XEP-0079 2.2.5. @module */
import type { Met } from "../../amp/evaluate.ts";
import { ruleReply } from "../../amp/reply.ts";
import { deadlineOf, encodeState, type RuleState } from "../../amp/rule_state.ts";
import type { NewMessage, StoreCall } from "../../store/store.ts";
import { Jid } from "../../xmpp/jid.ts";
import type { Stanza } from "../../xmpp/stanza.ts";
import type { Node } from "../node.ts";
import type { DueEvent } from "./due_event.ts";
import { fire } from "./flight/ends.ts";
import type { Holder } from "./holder.ts";
import { LogRow } from "./log_row.ts";
import { append, transact, waitingUnder } from "./log_rows.ts";
import { ruled } from "./timeline_notes.ts";

/** The event of a rule that was met; `drop` has none. */
export function ruleEvent(node: Node, met: Met, rules: RuleState): DueEvent | undefined {
  const reply = ruleReply(met.rule, rules);
  if (reply === undefined) return undefined;
  return dueEvent(
    node,
    node.isRemote(rules.recipient.domain) ? reply.readdress({ from: ownDomain(node, rules) }) : reply,
  );
}

/** From which domain of this server its sender hears of a message for another server. */
export function ownDomain(node: Node, { sender }: RuleState): Jid {
  return Jid.parse(node.isLocal(sender.domain) ? sender.domain : node.settings.domains[0]!);
}

/**
 * An event for an account lies in the log until its receiver has proved receipt, like any message, and one for an account of another
 * server in the queue for that; an application learns the outcome anyhow, and a gateway's queue has a log of its own.
 */
function dueEvent(node: Node, stanza: Stanza): DueEvent {
  const { local, domain } = stanza.to!;
  const keeps = local !== "" && (node.isRemote(domain) || (node.settings.offline && node.isLocal(domain)));
  return { stanza, seq: keeps ? node.seqs.next() : 0 };
}

/** In whose log an event lies. */
export function ownerOf(node: Node, { to }: Stanza): Jid {
  return node.isRemote(to!.domain) ? Jid.parse(to!.domain) : to!.bare;
}

export function sendEvent(node: Node, event: DueEvent | undefined): void {
  if (event !== undefined) node.route(event.stanza, { notice: true, seq: event.seq });
}

/** The call that puts it into the log. */
export function eventCalls(node: Node, event: DueEvent | undefined): readonly StoreCall[] {
  return event === undefined || event.seq === 0 ? [] : [["append", [eventRow(node, event)]]];
}

export function eventRow(node: Node, { stanza, seq }: DueEvent): NewMessage {
  return new LogRow(stanza, { owner: ownerOf(node, stanza).text, seq, waiting: waitingUnder(undefined) });
}

/** A `notify` that the plan meets already. */
export function announceMet(holder: Holder, met: Met, rules: RuleState, timeline: string | undefined): void {
  if (timeline !== undefined) holder.node.timelines.note(timeline, ruled(met.rule));
  announce(holder, ruleEvent(holder.node, met, rules), timeline);
}

/**
 * Sends an event that is true already, and logs it along with what is being gathered. `timeline`: of the message, which has to know
 * before anybody is told.
 */
export function announce(holder: Holder, event: DueEvent | undefined, timeline: string | undefined): void {
  if (event === undefined) return;
  const { node } = holder;
  // Its own process keeps it, when it comes there: a proof there must not come before a commit here.
  const isHere = node.peers.count === 1 || node.peers.ownerOf(ownerOf(node, event.stanza)) === node.peers.own;
  const kept = isHere ? event : { ...event, seq: 0 };
  if (timeline !== undefined) {
    return node.timelines.along(eventCalls(node, kept), (isKept) =>
      sendEvent(node, isKept ? kept : { ...kept, seq: 0 }),
    );
  }
  if (kept.seq > 0) append(holder, eventRow(node, kept), kept.stanza.size, true);
  sendEvent(node, kept);
}

/** A `notify` for a row in the log of that owner: it has fired when the event is in the log too. Returns its rules then. */
export function fireInLog(
  node: Node,
  owner: string,
  { seq, rules }: { readonly seq: number; readonly rules: RuleState },
  met: Met,
): RuleState {
  const event = ruleEvent(node, met, rules);
  const fired = fire(rules, met);
  const calls: StoreCall[] = [
    ["setRules", owner, seq, encodeState(fired), deadlineOf(fired)],
    ...eventCalls(node, event),
  ];
  transact(node, calls, (fault) => {
    if (fault === undefined) sendEvent(node, event);
    else node.log.error("cannot report deadline", { seq, error: fault });
  });
  return fired;
}
