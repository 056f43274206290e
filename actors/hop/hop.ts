/** The far end of a durable queue: something that takes a message for good, or refuses it. @module */
import type { Outcome } from "../../amp/outcome.ts";
import type { Stanza } from "../../xmpp/stanza.ts";

/** A message as a hop gets it. */
export interface HopMessage {
  /** The same for every attempt: by it the far end knows what it has had already. */
  readonly id: string;
  /** Without its rules. */
  readonly stanza: Stanza;
  /** Milliseconds since 1970. */
  readonly sentAt: number;
  /** Counts from 1. */
  readonly attempt: number;
}

/** `taken`: the far end answers for the message from now on. `refused`: for good; the sender learns that nothing delivers it. */
export type HopAnswer = "taken" | "refused";

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
}
