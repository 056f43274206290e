/**
 * The delivery actor: one per bare JID, made with its UserActor by user_directory.ts. Everything addressed to that user passes its
 * mailbox, so that order holds. It evaluates AMP (XEP-0079) by the resource actors' views, forwards to them or to the store
 * actor, and reports what became of each message only when that is so.
 *
 * Its rooms are in delivery/: decision.ts (rules and plan), arrival.ts (a flight begins), on_events.ts (a letter becomes an
 * event), flight/ (the pure step), carry_out.ts (its effects).
 * @module
 */
import { StanzaError } from "../xmpp/errors.ts";
import type { Stanza } from "../xmpp/stanza.ts";
import { bounce } from "./delivery/carry_out.ts";
import { onMessage } from "./delivery/decision.ts";
import type { DeliveryLetter, Envelope } from "./delivery/delivery_letter.ts";
import { type DeliveryStart, DeliveryState } from "./delivery/delivery_state.ts";
import { onExpire } from "./delivery/expiry.ts";
import { onExplain } from "./delivery/explain.ts";
import { onDetached, onFlush } from "./delivery/offline_delivery.ts";
import {
  onAgain,
  onAnswered,
  onCommitted,
  onDone,
  onLateThere,
  onProved,
  onRefused,
  onUnproved,
} from "./delivery/on_events.ts";
import { onOutgoing } from "./delivery/outgoing.ts";
import { carryOutOwn } from "./delivery/own_effects.ts";
import type { Node } from "./node.ts";
import type { Profile } from "./profile.ts";
import type { Actor } from "./runtime/mailbox.ts";
import { showPresence } from "./user/incoming_presence.ts";
import { isApplied } from "./user/user_letter.ts";

export type { DeliveryStart } from "./delivery/delivery_state.ts";

export class DeliveryActor implements Actor<DeliveryLetter> {
  readonly #state: DeliveryState;

  constructor(node: Node, start: DeliveryStart) {
    this.#state = new DeliveryState(node, start, carryOutOwn);
  }

  /** Nothing is under way. */
  get quiet(): boolean {
    return this.#state.quiet;
  }

  receive(message: DeliveryLetter): void | Promise<void> {
    const state = this.#state;
    switch (message.kind) {
      case "stanza":
        return this.#onStanza(message);
      case "explain":
        return onExplain(state, message.envelope, message.forward);
      case "profile":
        return this.#onProfile(message.profile);
      case "outgoing":
        return onOutgoing(state, message);
      case "proved":
        return onProved(state, message.seqs, message.resource, message.by);
      case "unproved":
        return onUnproved(state, message);
      case "committed":
        return onCommitted(state, message.seqs);
      case "refused":
        return onRefused(state, message.seqs, message.fault);
      case "done":
        return onDone(state, message);
      case "accepted":
        return onAnswered(state, message.ticket, undefined);
      case "outcome":
        return onAnswered(state, message.ticket, message.outcome);
      case "applied":
        state.applying--;
        return;
      case "late":
        return onLateThere(state, message.seqs, message.session);
      case "again":
        return onAgain(state, message.seq);
      case "flush":
        return onFlush(state, message.seenUntil, message.comes === true);
      case "detached":
        return onDetached(state);
      case "expire":
        return onExpire(state, message.seq);
      default:
        message satisfies never;
    }
  }

  #onStanza(envelope: Envelope): void | Promise<void> {
    switch (envelope.stanza.name) {
      case "message":
        return onMessage(this.#state, envelope);
      case "presence":
        return this.#onPresence(envelope.stanza);
      case "iq":
        return this.#onIq(envelope.stanza);
      default:
        envelope.stanza.name satisfies never;
    }
  }

  /** A resource that has just become ready is about to be flushed to: nothing may overtake what waits. */
  #onProfile(profile: Profile): void {
    const state = this.#state;
    const known = new Set(state.profile.resources.map(({ session }) => session));
    state.renewProfile(profile);
    state.answers();
    if (profile.resources.some((entry) => state.viewOf(entry)?.available === false && !known.has(entry.session)))
      state.awaitPresence();
  }

  #onPresence(stanza: Stanza): void {
    const state = this.#state;
    const { type } = stanza;
    if (state.isBlocked(stanza.from!)) return;
    const ofStranger = state.isStranger(stanza.from!);
    if (type === "error") return showPresence(state.node, stanza, state.profile.resources, ofStranger);
    // RFC 6121 section 3.1.5: what a subscription allows comes after it, and that is still being stored.
    if (isApplied(stanza)) state.applying++;
    if (state.applying > 0) return state.user.tell({ kind: "inbound", stanza });
    showPresence(state.node, stanza, state.profile.resources, ofStranger);
    if (state.profile.resources.length > 0) state.user.tell({ kind: "shown", stanza });
  }

  #onIq(stanza: Stanza): void {
    const state = this.#state;
    const request = stanza.type === "get" || stanza.type === "set";
    const isBlocked = state.isBlocked(stanza.from!);
    if (isBlocked && !request) return;
    const { resource } = stanza.to!;
    if (resource === "") return state.user.tell({ kind: "iq", stanza });
    const entry = isBlocked ? undefined : state.resource(resource);
    const session = entry && state.node.session(entry.session);
    if (session !== undefined)
      session.tell({ kind: "deliver", stanza, seq: 0, ofStranger: state.isStranger(stanza.from!) });
    else if (request) bounce(state.node, stanza, new StanzaError("service-unavailable"));
  }
}
