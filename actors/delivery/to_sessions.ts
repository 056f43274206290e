/** Messages from delivery to the session actors, in the form that devices get. @module */
import type { RuleState } from "../../amp/rule_state.ts";
import type { SessionId } from "../address.ts";
import { forDevice } from "./compose.ts";
import type { DeliveryState } from "./delivery_state.ts";
import { shown } from "./message_phases.ts";
import type { Logged } from "./message_view.ts";
import type { Tracked } from "./tracked.ts";

/** To these sessions, which then owe proof of receipt. */
export function toSessions(state: DeliveryState, tracked: Tracked, sessions: readonly SessionId[]): void {
  const { seq, stanza } = tracked;
  const { rules } = tracked.flight;
  const device = shown(state, tracked, forDevice(stanza, rules));
  const until = rules && takenOutAt(rules);
  const ofStranger = state.isStranger(stanza.from!);
  state.tellSessions(sessions, { kind: "deliver", stanza: device, seq, until, ofStranger });
}

/** To those resources, of which nobody waits for proof. False where none is there. */
export function toResources(state: DeliveryState, message: Logged, resources: readonly string[]): boolean {
  const { stanza } = message;
  const device = shown(state, message, stanza);
  const ofStranger = state.isStranger(stanza.from!);
  let isThere = false;
  for (const name of resources) {
    const entry = state.resource(name);
    if (entry === undefined) continue;
    isThere = true;
    state.tellSession(entry.session, { kind: "deliver", stanza: device, seq: 0, ofStranger });
  }
  return isThere;
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
