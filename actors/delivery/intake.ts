/**
 * Reads and validates the rules of a message: XEP-0079 2.2.1 and section 9. Both ends do it: the sender's delivery, so
 * that a refusal costs the same whoever the recipient is and whether there is one, and whoever takes the message for its
 * recipient, who has the last word and serves applications too.
 * @module
 */
import { NOTHING_FIRED } from "../../amp/evaluate.ts";
import { presenceFault, type ReadResult, type RuleLimits, readRequest } from "../../amp/read.ts";
import { forbiddenStatus, missingId, refusal } from "../../amp/reply.ts";
import type { RuleFault } from "../../amp/rule.ts";
import type { RuleState } from "../../amp/rule_state.ts";
import { Jid } from "../../xmpp/jid.ts";
import { NS } from "../../xmpp/ns.ts";
import type { Stanza } from "../../xmpp/stanza.ts";
import { countRefusal } from "../count_refusal.ts";
import type { Node } from "../node.ts";
import { tellRefused } from "../post.ts";
import { withoutRules } from "./compose.ts";
import type { Envelope } from "./delivery_letter.ts";

export type Intake =
  /** No rules; `stanza` is without what a client put in their place. */
  | { readonly kind: "plain"; readonly stanza: Stanza }
  | { readonly kind: "ruled"; readonly stanza: Stanza; readonly rules: RuleState }
  | Refused;

/** One error that names every rule at fault; nothing else happens. */
export interface Refused {
  readonly kind: "refused";
  readonly reply: Stanza;
  readonly condition: "bad-request" | "not-acceptable";
}

const NONE = { kind: "none" } as const;
const FORGED = { kind: "forged" } as const;

export interface IntakeTerms {
  readonly limits: RuleLimits;
  /** Milliseconds since 1970. */
  readonly now: number;
  /** Whether the sender may see the recipient's presence. */
  readonly maySee: boolean;
}

export function takeIn(stanza: Stanza, terms: IntakeTerms): Intake {
  const read = readPayload(stanza, terms);
  switch (read.kind) {
    case "none":
      return { kind: "plain", stanza };
    case "forged":
      return { kind: "plain", stanza: withoutRules(stanza) };
    case "request": {
      const { rules, perHop } = read;
      const sender = stanza.from!;
      const recipient = stanza.to!;
      const ruled = { rules, perHop, fired: NOTHING_FIRED, settled: false, sender, recipient, id: stanza.id! };
      return { kind: "ruled", stanza: withoutRules(stanza), rules: ruled };
    }
    default:
      return read;
  }
}

/** A message that comes to whoever answers for it from now on. */
export interface Taken {
  readonly kind: "taken";
  /** Without rules. */
  readonly stanza: Stanza;
  /** The undecided ones: its own, or those that an earlier hop has left. */
  readonly rules: RuleState | undefined;
}

/** Whether it bears rules. Reports of the server bear what was decided; what an account has forwarded was read there. */
export function hasRules({ notice, via }: Envelope, stanza: Stanza): boolean {
  return !notice && via.length === 0 && stanza.has("amp", NS.AMP);
}

/** `stanza`: that of the envelope, as modules have left it. */
export function readRules(envelope: Envelope, stanza: Stanza, terms: IntakeTerms): Taken | Refused {
  if (!hasRules(envelope, stanza)) return { kind: "taken", stanza, rules: envelope.rules };
  const taken = takeIn(stanza, terms);
  if (taken.kind === "refused") return taken;
  return { kind: "taken", stanza: taken.stanza, rules: taken.kind === "ruled" ? taken.rules : undefined };
}

/** The same; undefined: they are refused, and its sender is told. */
export function takeRules(node: Node, envelope: Envelope, stanza: Stanza, terms: IntakeTerms): Taken | undefined {
  const taken = readRules(envelope, stanza, terms);
  if (taken.kind === "taken") return taken;
  countRefusal(node.meters, taken.reply);
  node.route(taken.reply, { notice: true });
  tellRefused(node, envelope.replyTo, taken.condition);
  return undefined;
}

/** Why the message is refused, or undefined; nothing is made of what is valid. */
export function refusalOf(stanza: Stanza, terms: IntakeTerms): Refused | undefined {
  const read = readPayload(stanza, terms);
  return read.kind === "refused" ? read : undefined;
}

type Read =
  | { readonly kind: "none" }
  /** An error with a report in it, which only a server writes. */
  | { readonly kind: "forged" }
  | Extract<ReadResult, { readonly kind: "request" }>
  | Refused;

function readPayload(stanza: Stanza, terms: IntakeTerms): Read {
  const source = stanza.payloadText("amp", NS.AMP);
  if (source === undefined) return NONE;
  const read = readRequest(source, terms.limits, terms.now);
  // A client that bounces a message may quote its rules.
  if (stanza.type === "error") return read.kind === "notice" || hasSeveral(stanza) ? FORGED : NONE;
  const { id } = stanza;
  if (read.kind === "notice") {
    const reply = forbiddenStatus({ domain: Jid.parse(stanza.to!.domain), sender: stanza.from!, id });
    return { kind: "refused", reply, condition: "bad-request" };
  }
  if (!id) {
    const reply = missingId({ domain: Jid.parse(stanza.to!.domain), sender: stanza.from! });
    return { kind: "refused", reply, condition: "bad-request" };
  }
  if (read.kind === "invalid") return refused(stanza, id, read.fault);
  const fault = terms.maySee ? undefined : presenceFault(read.rules);
  return fault === undefined ? read : refused(stanza, id, fault);
}

/** Only the first is read: what stands in another one nobody has asked for. */
function hasSeveral({ children }: Stanza): boolean {
  return children.filter(({ name, ns }) => name === "amp" && ns === NS.AMP).length > 1;
}

function refused(stanza: Stanza, id: string, fault: RuleFault): Refused {
  const domain = Jid.parse(stanza.to!.domain);
  const reply = refusal(fault, { domain, sender: stanza.from!, id });
  return { kind: "refused", reply, condition: fault.kind === "invalid-rules" ? "not-acceptable" : "bad-request" };
}
