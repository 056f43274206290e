/** From delivery to the session actors: messages, and carbon copies of them (XEP-0280). @module */
import type { RuleState } from "../../amp/rule_state.ts";
import { carbonCopy, carbonEligible } from "../../modules/carbons/carbon_copy.ts";
import type { Stanza } from "../../xmpp/stanza.ts";
import type { SessionId } from "../address.ts";
import { forDevice, identified, withDelay } from "./compose.ts";
import type { DeliveryState } from "./delivery_state.ts";
import type { Tracked } from "./tracked.ts";

/** A message without rules, as its sessions are to have it. */
export interface Outgoing {
  readonly stanza: Stanza;
  /** 0: nothing keeps it, and it has no id. */
  readonly seq: number;
  /** The recipient's archive has it, or will. */
  readonly kept: boolean;
}

/** To these sessions, which then owe proof of receipt. */
export function toSessions(state: DeliveryState, tracked: Tracked, sessions: readonly SessionId[]): void {
  const { seq, kept, flight, isStored } = tracked;
  const { rules } = flight;
  const stanza = isStored ? withDelay(tracked.stanza, state.owner.domain, seq) : tracked.stanza;
  const device = withId(state, { stanza, seq, kept }, rules);
  const until = rules && takenOutAt(rules);
  const ofStranger = state.isStranger(stanza.from!);
  state.tellSessions(sessions, { kind: "deliver", stanza: device, seq, until, ofStranger });
}

/** To those resources, of which nobody waits for proof. */
export function toResources(state: DeliveryState, message: Outgoing, resources: readonly string[]): void {
  const device = withId(state, message, undefined);
  const ofStranger = state.isStranger(device.from!);
  for (const name of resources) {
    const entry = state.resource(name);
    if (entry !== undefined) state.tellSession(entry.session, { kind: "deliver", stanza: device, seq: 0, ofStranger });
  }
}

/**
 * XEP-0359: the id is the user's archive's where that keeps the message (XEP-0313 section 3.1), else the server's: it tells
 * a message that comes again after a crash all the same.
 */
function withId(state: DeliveryState, { stanza, seq, kept }: Outgoing, rules: RuleState | undefined): Stanza {
  if (seq === 0) return forDevice(stanza, rules);
  return identified(stanza, rules, kept ? state.owner : state.domain, state.node.stanzaId(seq));
}

/** When time takes the message out: the earliest undecided `expire-at` that no `notify` before it lets go on by then. */
function takenOutAt({ rules, fired }: RuleState): number | undefined {
  let earliest: number | undefined;
  let letOn = Number.POSITIVE_INFINITY;
  for (let index = 0; index < rules.length && !fired.has(index); index++) {
    const rule = rules[index]!;
    if (rule.condition !== "expire-at" || rule.at >= letOn) continue;
    if (rule.action === "notify") letOn = rule.at;
    else if (earliest === undefined || rule.at < earliest) earliest = rule.at;
  }
  return earliest;
}

/** XEP-0280 section 7: resources with carbons that did not get the message itself; it bears the same id there. */
export function copyToOthers(state: DeliveryState, original: Outgoing, resources: readonly string[]): void {
  const { stanza } = original;
  const others = state.profile.resources.filter(
    (entry) => entry.carbons && !resources.includes(entry.resource) && !stanza.from!.equals(entry.jid),
  );
  if (others.length === 0 || !carbonEligible(stanza, "received")) return;
  const message = withId(state, original, undefined);
  const ofStranger = state.isStranger(stanza.from!);
  for (const entry of others) {
    const stanza = carbonCopy(message, "received", entry.jid);
    state.tellSession(entry.session, { kind: "deliver", stanza, seq: 0, ofStranger });
  }
}

/** XEP-0280 section 8: what one resource has sent, for the others; it bears the id of the account's own archive. */
export function copySent(state: DeliveryState, sent: Outgoing): void {
  const { stanza } = sent;
  if (!carbonEligible(stanza, "sent")) return;
  const message = withId(state, sent, undefined);
  for (const entry of state.profile.resources) {
    if (!entry.carbons || stanza.from!.equals(entry.jid)) continue;
    state.tellSession(entry.session, { kind: "deliver", stanza: carbonCopy(message, "sent", entry.jid), seq: 0 });
  }
}
