/** To the recipient's forwarding address: handed over is what the next hop holds durably, or has delivered. @module */
import { NOTHING_FIRED } from "../../amp/evaluate.ts";
import type { Outcome } from "../../amp/outcome.ts";
import type { RuleState } from "../../amp/rule_state.ts";
import type { StoreCall } from "../../store/store.ts";
import type { Jid } from "../../xmpp/jid.ts";
import type { Receipt } from "../protocol.ts";
import type { DeliveryState } from "./delivery_state.ts";
import { end } from "./endings.ts";
import type { InFlight } from "./in_flight.ts";
import { ruleEvent } from "./rule_events.ts";

export function handOver(state: DeliveryState, flight: InFlight, to: Jid): void {
  flight.phase = "handing";
  flight.targets = [];
  state.flush?.open.delete(flight.seq);
  state.node.route(flight.stanza.readdress({ to }), {
    receipt: handingReceipt(state, flight.seq),
    via: [...flight.via, state.owner],
    rules: carriedOn(flight),
  });
}

/** The first word counts: an end, or, where none is told, that the message is durable. */
function handingReceipt(state: DeliveryState, seq: number): Receipt {
  let isTold = false;
  const tell = (outcome: Outcome | undefined) => {
    if (isTold) return;
    isTold = true;
    state.self().tell({ kind: "handed", seq, outcome });
  };
  return { waits: true, outcome: tell, accepted: () => tell(undefined) };
}

/**
 * The rules that are still undecided once the event of this hop has gone out (see amp/evaluate.ts). Unless they apply per
 * hop they have been held against what this server does, and only time can still meet one (XEP-0079 2.1.2).
 */
function carriedOn({ rules, onProof }: InFlight): RuleState | undefined {
  if (rules === undefined) return undefined;
  const closedFrom = Math.min(rules.rules.length, ...rules.fired, ...(onProof ? [onProof.index] : []));
  if (closedFrom === 0) return undefined;
  return { ...rules, rules: rules.rules.slice(0, closedFrom), fired: NOTHING_FIRED, settled: !rules.perHop };
}

/** The next hop has it, or has ended it by a rule. Returns false where it was refused. */
export function onTaken(state: DeliveryState, flight: InFlight, outcome: Outcome | undefined): boolean {
  if (outcome?.kind === "none" || (outcome?.kind === "dropped" && outcome.rule === undefined)) return false;
  const owner = state.owner.text;
  const calls: StoreCall[] = flight.waits ? [["settle", [{ owner, seq: flight.seq }]]] : [];
  state.count(flight, false);
  if (outcome?.kind === "dropped" || outcome?.kind === "expired") end(state, flight, outcome, undefined, calls);
  else {
    const event = flight.onProof && ruleEvent(state.node, flight.onProof, flight.rules!);
    end(state, flight, { kind: "forwarded" }, event, calls);
  }
  return true;
}
