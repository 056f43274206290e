/**
 * The delivery actor: one per recipient bare JID, made by its UserActor. Everything addressed to that user passes its
 * mailbox, so that order holds. It evaluates AMP (XEP-0079), asks the resource actors, forwards to them or to the
 * store actor, and reports what became of each message only when that is so.
 *
 * A message goes through the rooms of delivery/: decision.ts (rules and plan), carry_out.ts, then aftermath.ts (proof,
 * commit, a session's end), offline_delivery.ts and expiry.ts, until endings.ts lets it rest or go.
 * @module
 */
import { StanzaError } from "../xmpp/errors.ts";
import type { Stanza } from "../xmpp/stanza.ts";
import {
  onAgain,
  onCancelled,
  onCommitted,
  onDone,
  onHanded,
  onLateThere,
  onProved,
  onRefused,
  onUnproved,
} from "./delivery/aftermath.ts";
import { onMessage } from "./delivery/decision.ts";
import { type DeliveryStart, DeliveryState, takesWaiting } from "./delivery/delivery_state.ts";
import { bounce } from "./delivery/endings.ts";
import { onExpire } from "./delivery/expiry.ts";
import { onDetached, onFlush, onNewcomer } from "./delivery/offline_delivery.ts";
import { copySent } from "./delivery/to_sessions.ts";
import type { Node } from "./node.ts";
import { showPresence } from "./presence.ts";
import type { DeliveryMessage, Envelope, Profile } from "./protocol.ts";
import type { Actor } from "./runtime/mailbox.ts";

export type { DeliveryStart } from "./delivery/delivery_state.ts";

export class DeliveryActor implements Actor<DeliveryMessage> {
  readonly #state: DeliveryState;

  constructor(node: Node, start: DeliveryStart) {
    this.#state = new DeliveryState(node, start);
  }

  /** Nothing is under way. */
  get quiet(): boolean {
    return this.#state.quiet;
  }

  receive(message: DeliveryMessage): void | Promise<void> {
    const state = this.#state;
    switch (message.kind) {
      case "stanza":
        return this.#onStanza(message);
      case "profile":
        return this.#onProfile(message.profile);
      case "sent":
        return copySent(state, message);
      case "proved":
        return onProved(state, message.seqs, message.resource);
      case "cancelled":
        return onCancelled(state, message);
      case "unproved":
        return onUnproved(state, message);
      case "committed":
        return onCommitted(state, message.seqs);
      case "refused":
        return onRefused(state, message.seqs, message.fault);
      case "done":
        return onDone(state, message.seq, message.ending, message.fault);
      case "handed":
        return onHanded(state, message.seq, message.outcome);
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
  #onProfile(profile: Profile): void | Promise<void> {
    const state = this.#state;
    const known = new Set(state.profile.resources.map((entry) => entry.ref));
    const usedToTake = new Set(state.profile.resources.filter(takesWaiting).map((entry) => entry.ref));
    state.renewProfile(profile);
    const isReady = profile.resources.some((entry) => takesWaiting(entry) && !usedToTake.has(entry.ref));
    const isBound = profile.resources.some((entry) => !entry.available && !known.has(entry.ref));
    if (isReady || isBound) return onNewcomer(state, { isReady, isBound });
  }

  #onPresence(stanza: Stanza): void {
    const state = this.#state;
    const { type } = stanza;
    if (state.isBlocked(stanza.from!)) return;
    if (type === "error") return showPresence(stanza, state.profile.resources);
    const isShown = type === undefined || type === "unavailable";
    if (!isShown) state.applying++;
    // RFC 6121 section 3.1.5: what a subscription allows comes after it, and that is still being stored.
    if (!isShown || state.applying > 0) return state.user.tell({ kind: "inbound", stanza });
    showPresence(stanza, state.profile.resources);
    if (state.profile.resources.length > 0) state.user.tell({ kind: "shown", stanza });
  }

  #onIq(stanza: Stanza): void {
    const state = this.#state;
    const request = stanza.type === "get" || stanza.type === "set";
    if (state.isBlocked(stanza.from!)) {
      if (request) bounce(state, stanza, new StanzaError("service-unavailable"));
      return;
    }
    const { resource } = stanza.to!;
    if (resource === "") return state.user.tell({ kind: "iq", stanza });
    const entry = state.resource(resource);
    if (entry !== undefined) entry.ref.tell({ kind: "deliver", stanza, seq: 0 });
    else if (request) bounce(state, stanza, new StanzaError("service-unavailable"));
  }
}
