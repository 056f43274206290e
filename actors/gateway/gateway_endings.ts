/** How a message for a gateway ends, or never begins. @module */
import type { StoreCall, StoreFault } from "../../store/store.ts";
import { StanzaError } from "../../xmpp/errors.ts";
import type { Stanza } from "../../xmpp/stanza.ts";
import type { ReplyTo } from "../address.ts";
import type { StoreCondition } from "../delivery/flight/flight.ts";
import { conditionOf, transact } from "../delivery/log_rows.ts";
import { eventCalls } from "../delivery/rule_events.ts";
import { finish } from "../post.ts";
import type { GatewayEnding, GatewayFlight } from "./gateway_flight.ts";
import type { GatewayState } from "./gateway_state.ts";
import { viaOf } from "./via.ts";

/** One transaction; `committed` comes back. */
export function commit(state: GatewayState, seq: number, calls: readonly StoreCall[]): void {
  transact(state.node, calls, (fault) => state.self().tell({ kind: "committed", seq, fault }));
}

/** The calls that take a message away, and its event, in one transaction; what is told of it is told after the commit. */
export function end(
  state: GatewayState,
  flight: GatewayFlight,
  ending: GatewayEnding,
  calls: readonly StoreCall[],
): void {
  flight.phase = "ending";
  flight.ending = ending;
  commit(state, flight.seq, [...calls, ...eventCalls(ending.event)]);
}

/** A forwarding account decides by itself what becomes of a message that is refused. */
export function refuse(
  state: GatewayState,
  message: { readonly stanza: Stanza; readonly isForwarded: boolean; readonly replyTo: ReplyTo | undefined },
  condition: StoreCondition,
): void {
  const { stanza, isForwarded, replyTo } = message;
  if (!isForwarded) state.node.route(stanza.error(new StanzaError(condition, { type: "wait" })));
  finish(state.node, replyTo, { kind: "none", condition });
}

/** The store has not taken it. */
export function refuseUnkept(state: GatewayState, flight: GatewayFlight, fault: StoreFault): void {
  state.held.delete(flight.seq);
  const isForwarded = viaOf(flight.stanza) !== undefined;
  refuse(state, { ...flight, isForwarded }, conditionOf(fault));
}
