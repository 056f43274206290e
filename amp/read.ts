/** The one reader of `<amp/>`: XEP-0079 2.2.1 (validation), 4 (formal description), 6.1 and 9 (refusals). @module */
import { isUtcDateTime, parseDateTime } from "../xmpp/date_time.ts";
import { NS } from "../xmpp/ns.ts";
import { TextMemo } from "../xmpp/text_memo.ts";
import { Element } from "../xmpp/xml/element.ts";
import type { FaultKind, QuotedRule, Rule, RuleFault } from "./rule.ts";
import { FAULT_KINDS, isAction, isCondition, isDeliverValue, isMatchValue } from "./rule.ts";

export interface RuleLimits {
  /** Rules in one request; those beyond it are refused as invalid. */
  readonly maxRules: number;
  /** How far ahead of now an `expire-at` may lie, in ms. */
  readonly maxHorizonMs: number;
}

/**
 * - `request`: rules to process, at least one, all valid.
 * - `notice`: the element has a `status`, so it reports about another message and asks for nothing (section 4.1).
 *   A client cannot send such reports.
 * - `invalid`: refuse the message with `refusal(fault, ...)`.
 */
export type ReadResult =
  | { readonly kind: "request"; readonly rules: readonly Rule[]; readonly perHop: boolean }
  | { readonly kind: "notice" }
  | { readonly kind: "invalid"; readonly fault: RuleFault };

/** One rule element, validated without a clock. */
interface ValidatedRule {
  readonly quoted: QuotedRule;
  readonly rule: Rule | FaultKind;
  /** Set when the condition is `expire-at` and its value a DateTime, whatever the action. */
  readonly at: number | undefined;
}

interface ParsedAmp {
  readonly validated: readonly ValidatedRule[];
  readonly perHop: boolean | undefined;
  /** The result, unless a limit is exceeded. */
  readonly result: ReadResult | undefined;
  /** The latest `expire-at`, in ms. */
  readonly latest: number;
}

const NOTICE: ReadResult = { kind: "notice" };

/** Constant: it must not reveal whether the recipient exists. */
const PRESENCE_NEEDED =
  "Rules that report (notify, alert, error) need the recipient's permission to see its presence; only drop is allowed without.";

/** The deliveries of both sides read the rules of a message: as many as a request may have by default are read once. */
const MEMO_LENGTH = 4096;
const parsed = new TextMemo(parseAmp, 256, MEMO_LENGTH);

/**
 * Reads and validates the source text of one `<amp xmlns="http://jabber.org/protocol/amp"/>`. Every rule is validated
 * before the one answer is given (2.2.1). Attributes that only a server may set (`from`, `to`) are ignored. Results are
 * cached by text, since all messages of a conversation carry the same one.
 * @param now ms since 1970
 */
export function readRequest(ampText: string, limits: RuleLimits, now: number): ReadResult {
  const amp = parsed.get(ampText);
  const horizon = now + limits.maxHorizonMs;
  if (amp.result === NOTICE) return NOTICE;
  if (amp.result && amp.validated.length <= limits.maxRules && amp.latest <= horizon) return amp.result;
  return { kind: "invalid", fault: findFault(amp, limits.maxRules, horizon) };
}

/** The valid rule behind quoted attributes, or the kind of fault it has. Independent of clock and limits. */
export function validateRule(quoted: QuotedRule): Rule | FaultKind {
  return validate(quoted, instantOf(quoted));
}

/** `at`: instantOf(quoted). */
function validate({ condition, action, value }: QuotedRule, at: number | undefined): Rule | FaultKind {
  if (!condition || !action || !value) return "invalid-rules";
  // Section 6.1 has no error for a rule with an unknown condition and an unknown action.
  if (!isCondition(condition)) return isAction(action) ? "unsupported-conditions" : "invalid-rules";
  switch (condition) {
    case "deliver":
      if (!isDeliverValue(value)) return "invalid-rules";
      return isAction(action) ? { condition, action, value } : "unsupported-actions";
    case "match-resource":
      if (!isMatchValue(value)) return "invalid-rules";
      return isAction(action) ? { condition, action, value } : "unsupported-actions";
    case "expire-at":
      if (at === undefined) return "invalid-rules";
      return isAction(action) ? { condition, action, value, at } : "unsupported-actions";
    default:
      return condition satisfies never;
  }
}

/** The rules that could tell the sender something about the recipient (section 9): all but `drop`. */
export function reportingRules(rules: readonly Rule[]): readonly Rule[] {
  return rules.filter((rule) => rule.action !== "drop");
}

/**
 * Section 9, recommended policy: what to answer a sender who may not see the recipient's presence, or undefined when no
 * rule could report. It depends on the rules alone, never on the recipient's state, so the refusal reveals nothing.
 */
export function presenceFault(rules: readonly Rule[]): RuleFault | undefined {
  const reporting = reportingRules(rules);
  return reporting.length === 0 ? undefined : { kind: "invalid-rules", rules: reporting, text: PRESENCE_NEEDED };
}

function parseAmp(text: string): ParsedAmp {
  const amp = Element.parse(text);
  const validated = amp.childrenNamed("rule", NS.AMP).map(validateElement);
  const perHop = readPerHop(amp.attr("per-hop"));
  const latest = validated.reduce((max, { at }) => (at !== undefined && at > max ? at : max), Number.NEGATIVE_INFINITY);
  if (amp.attr("status") !== undefined) return { validated, perHop, latest, result: NOTICE };
  const rules = validated.map((each) => each.rule).filter((rule) => typeof rule !== "string");
  const sound = perHop !== undefined && validated.length > 0 && rules.length === validated.length;
  return { validated, perHop, latest, result: sound ? { kind: "request", rules, perHop } : undefined };
}

function validateElement(element: Element): ValidatedRule {
  const condition = element.attr("condition");
  const action = element.attr("action");
  const value = element.attr("value");
  const quoted: QuotedRule = {
    ...(condition !== undefined && { condition }),
    ...(action !== undefined && { action }),
    ...(value !== undefined && { value }),
  };
  const at = instantOf(quoted);
  return { quoted, rule: validate(quoted, at), at };
}

function findFault(amp: ParsedAmp, maxRules: number, horizon: number): RuleFault {
  // A bad 'per-hop' applies to the whole ruleset, so every rule is at fault.
  if (amp.perHop === undefined) return { kind: "invalid-rules", rules: amp.validated.map((each) => each.quoted) };
  const kinds = amp.validated.map(({ rule, at }, index): FaultKind | undefined => {
    if (index >= maxRules || (at !== undefined && at > horizon)) return "invalid-rules";
    return typeof rule === "string" ? rule : undefined;
  });
  const kind = FAULT_KINDS.find((candidate) => kinds.includes(candidate)) ?? "invalid-rules";
  return { kind, rules: amp.validated.filter((_, index) => kinds[index] === kind).map((each) => each.quoted) };
}

/** XEP-0079 4.1: exactly "true" or "false", default "false"; undefined when it is neither. */
function readPerHop(text: string | undefined): boolean | undefined {
  if (text === undefined || text === "false") return false;
  return text === "true" ? true : undefined;
}

/** XEP-0079 3.3.2: a DateTime of XEP-0082 whose time zone is UTC. Undefined where there is none, or no `expire-at`. */
function instantOf({ condition, value }: QuotedRule): number | undefined {
  if (condition !== "expire-at" || !value) return undefined;
  return isUtcDateTime(value) ? parseDateTime(value) : undefined;
}
