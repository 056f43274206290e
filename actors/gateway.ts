/** What stands behind a gateway's domain: XEP-0079 3.3.1 `deliver=gateway`. @module */

/** A message as a gateway gets it. */
export interface GatewayMessage {
  /** The same for every attempt: by it the gateway knows what it has had already. */
  readonly id: string;
  /** Bare or full JID of the sender. */
  readonly from: string;
  /** As the sender wrote it: somebody at the gateway's domain. */
  readonly to: string;
  readonly type: string;
  readonly subject: string | undefined;
  readonly body: string | undefined;
  /** The whole stanza, without its rules. */
  readonly stanza: string;
  /** Milliseconds since 1970. */
  readonly sentAt: number;
  /** Counts from 1. */
  readonly attempt: number;
}

/** `accepted`: the gateway answers for the message from now on. `refused`: for good; the sender learns that nothing delivers it. */
export type GatewayAnswer = "accepted" | "refused";

/** Takes one message. What it throws is no answer: the message is tried again later. `signal`: its time is over. */
export type GatewayHandler = (message: GatewayMessage, signal: AbortSignal) => GatewayAnswer | Promise<GatewayAnswer>;

export interface Gateway {
  readonly handler: GatewayHandler;
  /** For one attempt, in milliseconds. */
  readonly timeoutMs: number;
  /** How long a message is tried, in milliseconds. */
  readonly retryMs: number;
}
