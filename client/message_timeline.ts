/** The timeline of a message, as a client is told of it. @module */
import type { ReportedRule } from "./amp_reply.ts";

export type StepKind =
  | "accepted"
  | "refused"
  | "ruled"
  | "offered"
  | "proved"
  | "stored"
  | "waits"
  | "withdrawn"
  | "handed"
  | "reported"
  | "settled";

export interface MessageOutcome {
  readonly kind: "direct" | "stored" | "forwarded" | "gateway" | "dropped" | "expired" | "none";
  /** Of `direct`: the device that proved receipt. */
  readonly resource?: string;
  /** Of `none`: the error. */
  readonly condition?: string;
  /** Of `dropped` and `expired`. */
  readonly rule?: ReportedRule;
}

/** Which members are there depends on the kind: docs/OUTCOMES.md. */
export interface MessageStep {
  readonly kind: StepKind;
  readonly at: Date;
  readonly resources?: readonly string[];
  readonly resource?: string;
  readonly by?: string;
  readonly to?: string;
  readonly attempt?: number;
  readonly answer?: string;
  readonly condition?: string;
  readonly rule?: ReportedRule;
  readonly outcome?: MessageOutcome;
}

export interface MessageTimeline {
  readonly id: string;
  /** The id attribute of the message. */
  readonly stanza: string | undefined;
  readonly to: string;
  readonly at: Date;
  readonly steps: readonly MessageStep[];
  /** Undefined: it is under way, or waits, or the outcome is not told. */
  readonly outcome: MessageOutcome | undefined;
  /** More may have happened than is told: the recipient does not show its presence. */
  readonly isPartial: boolean;
}
