/** How a server is, for the person or program that asks. @module */
import type { Census } from "../../actors/census.ts";
import { seqTime } from "../../store/sequence.ts";
import type { WaitingSummary } from "../../store/store.ts";
import type { Answer } from "./readiness.ts";

/** Times are milliseconds since 1970. */
export interface ServerStatus {
  readonly version: string;
  /** Whether messages can be accepted. */
  readonly state: Answer;
  /** Its start. Undefined: it is not started. */
  readonly since?: number;
  readonly at: number;
  readonly sessions: Census["sessions"];
  /** Of a few seconds ago. Undefined: the store does not answer in time. */
  readonly waiting?: WaitingStatus;
  /** How late the event loop is at most in 99 of 100 cases since the start. Undefined: later than is measured. */
  readonly loopDelayMs: number | undefined;
  readonly residentBytes: number;
}

export interface WaitingStatus {
  readonly messages: number;
  /** Since when the oldest waits. Undefined: nothing waits. */
  readonly since?: number;
  /** Deadlines that have passed and are not carried out yet. */
  readonly due: number;
}

export function waitingStatus({ messages, oldest, due }: WaitingSummary): WaitingStatus {
  return { messages, ...(oldest !== undefined && { since: seqTime(oldest) }), due };
}
