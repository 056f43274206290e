/** What would become of a message that comes here now: by the functions that decide (decision.ts), which carry nothing out. @module */

import type { RuleState } from "../../amp/rule_state.ts";
import type { Stanza } from "../../xmpp/stanza.ts";
import type { Finding, Judged } from "../finding.ts";
import { judged } from "../judged.ts";
import { tellFinding } from "../post.ts";
import { mayReport, plannedOf, planOf, termsFor } from "./decision.ts";
import type { Envelope } from "./delivery_letter.ts";
import type { DeliveryState } from "./delivery_state.ts";
import { carriedOn } from "./flight/on_hop.ts";
import { readRules } from "./intake.ts";
import { incoming } from "./message_phases.ts";
import { countPending, planFor } from "./plan_input.ts";

/** `forward`: false once its forwarding address has refused it. */
export async function onExplain(state: DeliveryState, envelope: Envelope, forward: boolean): Promise<void> {
  tellFinding(state.node, envelope, await findingOf(state, envelope, forward));
}

async function findingOf(state: DeliveryState, envelope: Envelope, forward: boolean): Promise<Finding> {
  const stanza = incoming(state, envelope.stanza);
  const taken = readRules(envelope, stanza, termsFor(state, envelope, stanza));
  if (taken.kind === "refused") return { kind: "refused", condition: taken.condition };
  return find(state, envelope, taken.stanza, taken.rules, forward);
}

async function find(
  state: DeliveryState,
  envelope: Envelope,
  stanza: Stanza,
  rules: RuleState | undefined,
  forward: boolean,
): Promise<Finding> {
  if (!forward) {
    const plan = planFor(state, plannedOf(envelope, stanza), state.answers(), { forward });
    return judged(rules, plan, state.node.now());
  }
  const plan = planOf(state, envelope, stanza, rules);
  if (plan === undefined) {
    await countPending(state);
    return find(state, envelope, stanza, rules, forward);
  }
  const found = judged(rules, plan, state.node.now());
  if (rules === undefined) return found;
  if (found.verdict.kind === "default") return { ...found, carried: carriedTo(found, rules) };
  const isTold = found.verdict.kind === "drop" || mayReport(state, envelope, rules);
  return isTold ? found : { ...found, outcome: { kind: "none", condition: "service-unavailable" } };
}

/** As arrival.ts hands them on: what was told now is decided. */
function carriedTo({ verdict }: Judged, rules: RuleState): RuleState | undefined {
  return carriedOn(rules, verdict.kind === "default" ? verdict.notify : undefined);
}
