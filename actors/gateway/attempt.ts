/** One attempt to hand a message to a gateway. @module */
import { seqTime } from "../../store/sequence.ts";
import { NS } from "../../xmpp/ns.ts";
import type { Gateway, GatewayAnswer, GatewayMessage } from "../gateway.ts";
import type { GatewayFlight } from "./gateway_flight.ts";
import { withoutVia } from "./via.ts";

const FIRST_PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 600_000;

/** Resolves with the answer, or with the error that stands in its place. */
export async function attempt(
  gateway: Gateway,
  flight: GatewayFlight,
  id: string,
  schedule: (ms: number, task: () => void) => () => void,
): Promise<GatewayAnswer | Error> {
  const timeout = new AbortController();
  let cancel: (() => void) | undefined;
  const isLate = new Promise<Error>((resolve) => {
    cancel = schedule(gateway.timeoutMs, () => {
      const error = new Error(`Cannot reach gateway: no answer within ${gateway.timeoutMs} ms`);
      resolve(error);
      timeout.abort(error);
    });
  });
  try {
    return await Promise.race([call(gateway, messageOf(flight, id), timeout.signal), isLate]);
  } finally {
    cancel?.();
  }
}

async function call(gateway: Gateway, message: GatewayMessage, signal: AbortSignal): Promise<GatewayAnswer | Error> {
  try {
    return await gateway.handler(message, signal);
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

function messageOf({ stanza, seq, attempts }: GatewayFlight, id: string): GatewayMessage {
  return {
    id,
    from: stanza.from!.text,
    to: stanza.to!.text,
    type: stanza.type ?? "normal",
    subject: stanza.payload("subject", NS.CLIENT)?.text,
    body: stanza.payload("body", NS.CLIENT)?.text,
    stanza: withoutVia(stanza).toString(),
    sentAt: seqTime(seq),
    attempt: attempts,
  };
}

/** Exponential: after so many attempts that failed. */
export function pauseAfter(attempts: number): number {
  return Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (attempts - 1));
}
