/** The far end of a durable queue: something that takes a message for good, or refuses it. @module */
import type { Outcome } from "../../amp/outcome.ts";
import type { RuleState } from "../../amp/rule_state.ts";
import type { Stanza } from "../../xmpp/stanza.ts";
import type { StanzaErrorCondition } from "../../xmpp/stanza_condition.ts";

/** A message as a hop gets it. */
export interface HopMessage {
  /** The same for every attempt: by it the far end knows what it has had already. */
  readonly id: string;
  /** Without its rules. */
  readonly stanza: Stanza;
  /** Those that are undecided. */
  readonly rules: RuleState | undefined;
  /** Those of them that are for who comes next, should it take the message. */
  readonly onward: RuleState | undefined;
  /** Milliseconds since 1970. */
  readonly sentAt: number;
  /** Counts from 1. */
  readonly attempt: number;
}

/**
 * `taken`: the far end answers for the message from now on. `refused`: for good; the sender learns that nothing delivers it, by the error
 * `condition` where it is given. `no-rules`: the next server does not process rules, and was given nothing (XEP-0079 2.2.4).
 */
export type HopAnswer =
  | "taken"
  | "refused"
  | "no-rules"
  | { readonly kind: "refused"; readonly condition: StanzaErrorCondition };

/** The message was sent, and the far end has not said that it has it: it may have. */
export class UnprovedError extends Error {}

export interface Hop {
  /** What it throws is no answer: the message is tried again later. `signal`: the time of this attempt is over. */
  hand(message: HopMessage, signal: AbortSignal): HopAnswer | Promise<HopAnswer>;
}

export interface HopOptions {
  /** For one attempt, in milliseconds. */
  readonly timeoutMs: number;
  /** How long a message is tried, in milliseconds. */
  readonly retryMs: number;
  /** What has become of a message that was taken. */
  readonly outcome: Outcome;
  /** Another server stands behind it; otherwise rules end here. */
  readonly next?: NextServer;
}

/** A queue towards another server: rules go on with a message, errors and reports go there too. */
export interface NextServer {
  /** The longest pause between two attempts, in milliseconds. */
  readonly longestPauseMs: number;
  /** Attempts under way at a time. */
  readonly attempts: number;
  /** Messages and bytes that may wait for that server. */
  readonly messages: number;
  readonly bytes: number;
  /** Whether rules that are for the next server are decided here, as far as that goes, since it processes none. */
  decidesHere(): boolean;
  /** No server that processes rules stands behind it: it counts as a gateway, where rules end. */
  readonly isGateway?: () => boolean;
}
