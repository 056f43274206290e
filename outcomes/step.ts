/**
 * The timeline of a message: what happened to it, step by step. A step is true when it is written, and is never changed; the last
 * one settles the message. No step holds content.
 * @module
 */
import type { Outcome } from "../amp/outcome.ts";
import type { Rule } from "../amp/rule.ts";
import type { StanzaErrorCondition } from "../xmpp/errors.ts";

/** How a device has proved receipt, strongest first. */
export type Proof =
  /** XEP-0198 section 4. */
  | "sm-ack"
  /** A later request of the device (XEP-0124 section 9). */
  | "bosh-ack"
  /** The pong to a WebSocket ping that was sent after the message. */
  | "pong"
  /** The answer to an XEP-0199 ping that was sent after the message. */
  | "ping";

export type Step =
  /** The server answers for it: it is durable, or has reached its end (XEP-0198 may count it). */
  | { readonly kind: "accepted" }
  /** The server does not take it; its sender got this error. */
  | { readonly kind: "refused"; readonly condition: StanzaErrorCondition }
  /** This rule was met, and carried out. */
  | { readonly kind: "ruled"; readonly rule: Rule }
  /** These resources were given it; receipt is not proved yet. */
  | { readonly kind: "offered"; readonly resources: readonly string[] }
  /** That resource has it. */
  | { readonly kind: "proved"; readonly resource: string; readonly by: Proof }
  /** It lies in durable storage for a later delivery. */
  | { readonly kind: "stored" }
  /** It waits: nobody is there, or what is older goes before it. */
  | { readonly kind: "waits" }
  /** It was taken back before a device had it. */
  | { readonly kind: "withdrawn" }
  /** It was handed on: to a forwarding address, or to the far end of a queue, whose answer to this attempt it was. */
  | {
      readonly kind: "handed";
      readonly to: string;
      readonly attempt?: number;
      readonly answer?: "taken" | "refused" | "no-answer";
    }
  /** The sender was told of a rule, or got an error. */
  | { readonly kind: "reported"; readonly rule?: Rule; readonly condition?: StanzaErrorCondition }
  /** Nothing follows. */
  | { readonly kind: "settled"; readonly outcome: Outcome };

export type StepKind = Step["kind"];

/** As the store keeps it. */
export interface WrittenStep {
  readonly kind: string;
  /** JSON. */
  readonly detail: string | undefined;
  /** The kind of the outcome that settles the message. */
  readonly settles: string | undefined;
}

export function writeStep(step: Step): WrittenStep {
  const { kind } = step;
  const detail = JSON.stringify({ ...step, kind: undefined });
  return {
    kind,
    detail: detail === "{}" ? undefined : detail,
    settles: kind === "settled" ? step.outcome.kind : undefined,
  };
}

export function readStep({ kind, detail }: Pick<WrittenStep, "kind" | "detail">): Step {
  return { kind, ...(detail === undefined ? {} : JSON.parse(detail)) } as Step;
}
