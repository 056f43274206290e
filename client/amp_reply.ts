/** The reader of a server's answers to a message with rules. XEP-0079 sections 2.2.5, 3.4 and 6. @module */
import { AMP, AMP_ERRORS, STANZA_ERRORS } from "./amp_namespaces.ts";
import type { ReplyElement } from "./reply_element.ts";

/** A rule as a server quotes it. */
export interface ReportedRule {
  readonly condition: string;
  readonly value: string;
  readonly action: string;
}

export type AmpFaultKind = "invalid-rules" | "unsupported-actions" | "unsupported-conditions";

/** Rules that the server does not accept. Section 6. */
export interface AmpFault {
  readonly kind: AmpFaultKind;
  readonly rules: readonly ReportedRule[];
}

export type ReplyOutcome =
  /** The rule was met, and the message went on. */
  | { readonly kind: "notified"; readonly rule: ReportedRule }
  /** The rule was met, and the message was dropped. */
  | { readonly kind: "alert"; readonly rule: ReportedRule }
  /**
   * Not delivered: rules with the action `error` were met or, if `rules` is empty, the message could not be delivered.
   */
  | {
      readonly kind: "error";
      readonly condition: string;
      readonly rules: readonly ReportedRule[];
      readonly text: string | undefined;
    }
  /** Not sent: the server does not accept these rules. */
  | {
      readonly kind: "refused";
      readonly condition: string;
      readonly faults: readonly AmpFault[];
      /** The server's reason, for a person. */
      readonly text: string | undefined;
    };

export interface AmpReply {
  /** The id of the message that this is about. */
  readonly id: string;
  /** Undefined when the library leaves out the own server's address. */
  readonly from: string | undefined;
  readonly outcome: ReplyOutcome;
}

const FAULT_KINDS: readonly string[] = ["invalid-rules", "unsupported-actions", "unsupported-conditions"];

/** Undefined for a message that reports nothing about another one. */
export function readReply(message: ReplyElement): AmpReply | undefined {
  const { id, from, type } = message.attributes;
  if (id === undefined) return undefined;
  const outcome = type === "error" ? readError(message) : readEvent(message);
  return outcome && { id, from, outcome };
}

function readEvent(message: ReplyElement): ReplyOutcome | undefined {
  const amp = child(message, "amp", AMP);
  const [rule] = amp === undefined ? [] : rulesOf(amp);
  if (amp === undefined || rule === undefined) return undefined;
  if (amp.attributes.status === "alert") return { kind: "alert", rule };
  return amp.attributes.status === "notify" ? { kind: "notified", rule } : undefined;
}

function readError(message: ReplyElement): ReplyOutcome | undefined {
  const error = message.children.find(({ name }) => name === "error");
  if (error === undefined) return undefined;
  const inStanzas = error.children.filter(({ ns }) => ns === STANZA_ERRORS);
  const condition = inStanzas.find(({ name }) => name !== "text")?.name ?? "undefined-condition";
  const faults = error.children.filter(({ name, ns }) => ns === AMP && FAULT_KINDS.includes(name));
  const text = inStanzas.find(({ name }) => name === "text")?.text;
  if (faults.length > 0) return { kind: "refused", condition, faults: faults.map(faultOf), text };
  const failed = child(error, "failed-rules", AMP_ERRORS);
  return { kind: "error", condition, rules: failed === undefined ? [] : rulesOf(failed), text };
}

function faultOf(element: ReplyElement): AmpFault {
  return { kind: element.name as AmpFaultKind, rules: rulesOf(element) };
}

function rulesOf(parent: ReplyElement): ReportedRule[] {
  return parent.children
    .filter(({ name, ns }) => name === "rule" && (ns === AMP || ns === AMP_ERRORS))
    .map(({ attributes: { condition = "", value = "", action = "" } }) => ({ condition, value, action }));
}

function child(parent: ReplyElement, name: string, ns: string): ReplyElement | undefined {
  return parent.children.find((each) => each.name === name && each.ns === ns);
}
