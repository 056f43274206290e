/** What the sender's side answers to a message before it goes any further. @module */
import type { NonePlan } from "../../amp/plan.ts";
import { ruleReply } from "../../amp/reply.ts";
import { verdictOn } from "../../amp/verdict.ts";
import type { StanzaError } from "../../xmpp/errors.ts";
import { Jid } from "../../xmpp/jid.ts";
import { NS } from "../../xmpp/ns.ts";
import type { Stanza } from "../../xmpp/stanza.ts";
import type { Node } from "../node.ts";
import type { Profile } from "../profile.ts";
import { type IntakeTerms, type Refused, refusalOf, takeIn } from "./intake.ts";

const NO_ROUTE: NonePlan = { kind: "none", reason: "no-route", silent: false };
/** A module has refused it for the sender's account. */
const REFUSED: NonePlan = { kind: "none", reason: "blocked", silent: false };

/**
 * Whether the rules of a message are refused, before anything is asked of its recipient: so a refusal costs the same for
 * one who is there, away, blocking or missing, and tells nothing (XEP-0079 section 9). What passes here may still be
 * refused there.
 */
export function refusalOfRules(stanza: Stanza, node: Node, profile: Profile): Refused | undefined {
  return stanza.has("amp", NS.AMP) ? refusalOf(stanza, terms(stanza, node, profile)) : undefined;
}

function terms(stanza: Stanza, node: Node, profile: Profile): IntakeTerms {
  const { ruleLimits: limits } = node.settings;
  return { limits, now: node.now(), maySee: maySee(stanza, node, profile) };
}

/** By the sender's own roster; what is no account of ours has no presence to hide. */
function maySee({ from, to }: Stanza, node: Node, profile: Profile): boolean {
  if (node.settings.presencePolicy === "open" || to!.local === "" || !node.isLocal(to!.domain)) return true;
  return to!.bare.equals(from!.bare) || profile.watched.has(to!.bare.text);
}

/** A message that a module refuses is one that nothing will deliver. */
export function answerRefused(stanza: Stanza, node: Node, profile: Profile, error: StanzaError): readonly Stanza[] {
  if (stanza.type === "error") return [];
  return undeliverable(stanza, terms(stanza, node, profile), REFUSED, stanza.error(error));
}

/** A message for a place that takes none, which has no presence to hide; `ordinary` is its error. */
export function answerUnserved(stanza: Stanza, node: Node, ordinary: Stanza): readonly Stanza[] {
  const { ruleLimits: limits } = node.settings;
  const answers = undeliverable(stanza, { limits, now: node.now(), maySee: true }, NO_ROUTE, ordinary);
  // Events come from the server's own domain, and the recipient's is none of ours.
  const from = Jid.parse(stanza.from!.domain);
  return answers.map((answer) => (answer === ordinary ? ordinary : answer.readdress({ from })));
}

/** XEP-0079 3.3.1: `deliver=none` with its action, in place of the ordinary error or beside it. */
function undeliverable(stanza: Stanza, terms: IntakeTerms, plan: NonePlan, ordinary: Stanza): readonly Stanza[] {
  const taken = takeIn(stanza, terms);
  if (taken.kind === "refused") return [taken.reply];
  if (taken.kind === "plain") return [ordinary];
  const { rules } = taken;
  const verdict = verdictOn(rules, plan, terms.now);
  const met = verdict.kind === "default" ? verdict.notify : verdict;
  const event = met && ruleReply(met.rule, rules);
  const replies = event === undefined ? [] : [event];
  return verdict.kind === "default" ? [...replies, ordinary] : replies;
}
