/**
 * The gateway actor: one per domain that a gateway serves. A message for it is durable before it counts as accepted, and
 * waits for the gateway's answer, tried again and again; messages to one address keep their order. Its log in the store
 * is that of the domain. XEP-0079 3.3.1, `deliver=gateway`.
 *
 * A message goes through the rooms of gateway/: gateway_intake.ts, then dispatch.ts or, where too many wait, backlog.ts.
 * @module
 */
import type { StoreFault } from "../store/store.ts";
import { StanzaError } from "../xmpp/errors.ts";
import { accept } from "./delivery/carry_out.ts";
import type { Envelope } from "./delivery/delivery_letter.ts";
import { sendEvent } from "./delivery/rule_events.ts";
import { onKept, onRows, readMore } from "./gateway/backlog.ts";
import { onAnswered, onExpire, onLateRow, onRetry, proceed } from "./gateway/dispatch.ts";
import { refuseUnkept } from "./gateway/gateway_endings.ts";
import type { GatewayFlight } from "./gateway/gateway_flight.ts";
import { onMessage } from "./gateway/gateway_intake.ts";
import type { GatewayLetter } from "./gateway/gateway_letter.ts";
import { type GatewayStart, GatewayState } from "./gateway/gateway_state.ts";
import type { Node } from "./node.ts";
import { finish } from "./post.ts";
import type { Actor } from "./runtime/mailbox.ts";

export class GatewayActor implements Actor<GatewayLetter> {
  readonly #state: GatewayState;

  constructor(node: Node, start: GatewayStart) {
    this.#state = new GatewayState(node, start);
  }

  receive(message: GatewayLetter): void {
    const state = this.#state;
    switch (message.kind) {
      case "start":
        return this.#onStart();
      case "stanza":
        return this.#onStanza(message);
      case "rows":
        return onRows(state, message.rows);
      case "committed":
        return this.#onCommitted(message.seq, message.fault);
      case "answered":
        return onAnswered(state, message.seq, message.answer);
      case "retry":
        return onRetry(state, message.seq);
      case "late":
        return onLateRow(state, message.row);
      case "expire":
        return onExpire(state, message.seq);
      default:
        message satisfies never;
    }
  }

  stopped(): void {
    this.#state.isStopped = true;
    for (const lane of this.#state.lanes.all()) lane.cancelPause?.();
  }

  #onStart(): void {
    const { node, domain } = this.#state;
    node.database.addOwner(domain, "gateway").then(
      () => readMore(this.#state),
      (error) => node.log.error("cannot open gateway", { domain, error }),
    );
  }

  #onStanza(envelope: Envelope): void {
    const { stanza } = envelope;
    if (stanza.name === "message") return onMessage(this.#state, envelope);
    const isRequest = stanza.name === "iq" && (stanza.type === "get" || stanza.type === "set");
    if (isRequest) this.#state.node.route(stanza.error(new StanzaError("service-unavailable")));
  }

  #onCommitted(seq: number, fault: StoreFault | undefined): void {
    const state = this.#state;
    const flight = state.held.get(seq);
    if (flight?.phase === "ending") return this.#onEnded(flight, fault);
    if (flight?.phase !== "committing") return;
    if (fault !== undefined) return refuseUnkept(state, flight, fault);
    sendEvent(state.node, flight.ending?.event);
    flight.ending = undefined;
    flight.isKept = true;
    accept(state.node, flight);
    onKept(state, flight);
  }

  #onEnded(flight: GatewayFlight, fault: StoreFault | undefined): void {
    const state = this.#state;
    const { node, domain } = state;
    const { event, error, outcome } = flight.ending!;
    if (fault !== undefined && !flight.isKept) return refuseUnkept(state, flight, fault);
    if (fault !== undefined) {
      // Its row stays, so that it is tried again after a restart, with the same id.
      node.log.error("answer of gateway not kept", { domain, seq: flight.seq, fault: fault.kind });
    } else {
      sendEvent(node, event);
      if (error !== undefined) node.route(error);
    }
    state.held.delete(flight.seq);
    finish(node, flight.replyTo, outcome);
    const lane = state.lanes.remove(flight);
    if (lane !== undefined) proceed(state, lane);
    readMore(state);
  }
}
