/** A domain beyond this server, behind a function of the application or a webhook: XEP-0079 3.3.1 `deliver=gateway`. @module */

import type { Envelope } from "../actors/delivery/delivery_letter.ts";
import type { Destination } from "../actors/destination.ts";
import type { HopAnswer, HopMessage } from "../actors/hop/hop.ts";
import { NS } from "../xmpp/ns.ts";

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

export interface GatewayTimes {
  /** For one attempt, in milliseconds. */
  readonly timeoutMs: number;
  /** How long a message is tried, in milliseconds. */
  readonly retryMs: number;
}

/** The gateway of one domain: messages wait for it in a durable queue. */
export function gateway(domain: string, handler: GatewayHandler, times: GatewayTimes): Destination {
  let put: (envelope: Envelope) => void = () => {};
  let explain: (envelope: Envelope) => void = () => {};
  const hand = async (message: HopMessage, signal: AbortSignal): Promise<HopAnswer> => {
    const answer = await handler(messageOf(message), signal);
    if (answer === "accepted") return "taken";
    if (answer === "refused") return "refused";
    throw new Error(`Cannot hand message to gateway: it answers ${answer}`);
  };
  return {
    serves: (asked) => asked === domain,
    start: (context) => {
      put = context.openHop(domain, { hand }, { ...times, outcome: { kind: "gateway" } });
      explain = (envelope) => context.explainHop(domain, envelope);
    },
    explain: (envelope) => explain(envelope),
    accept: (envelope) => put(envelope),
  };
}

function messageOf({ id, stanza, sentAt, attempt }: HopMessage): GatewayMessage {
  return {
    id,
    from: stanza.from!.text,
    to: stanza.to!.text,
    type: stanza.type ?? "normal",
    subject: stanza.payload("subject", NS.CLIENT)?.text,
    body: stanza.payload("body", NS.CLIENT)?.text,
    stanza: stanza.toString(),
    sentAt,
    attempt,
  };
}
