/**
 * A gateway behind an HTTP webhook: each message is a POST of JSON, signed as Standard Webhooks asks, and
 * for one more version with an HMAC-SHA256 over the body alone. 2xx takes
 * the message; 4xx refuses it for good, except 408, 425 and 429. Any other result is no answer, and the message is
 * tried again.
 * @module
 */
import { createHmac } from "node:crypto";
import type { GatewayHandler, GatewayMessage } from "../destinations/gateway.ts";
import { formatDateTime } from "../xmpp/date_time.ts";
import type { WebhookSettings } from "./gateway_setting.ts";
import { standardHeaders } from "./webhooks/standard_webhook.ts";

/** Header of the older signature: `sha256=` and the HMAC of the body in hexadecimal. */
export const SIGNATURE_HEADER = "ampact-signature";

/** Refusals that mean "not now". */
const TRANSIENT: ReadonlySet<number> = new Set([408, 425, 429]);

export function createWebhook(
  { url, secret }: Pick<WebhookSettings, "url" | "secret">,
  now: () => number,
): GatewayHandler {
  return async (message, signal) => {
    const body = JSON.stringify(payload(message));
    const headers = {
      "content-type": "application/json",
      "user-agent": "ampact",
      ...standardHeaders({ id: message.id, at: now(), body }, secret),
      [SIGNATURE_HEADER]: signature(body, secret),
    };
    const response = await fetch(url, { method: "POST", headers, body, signal, redirect: "manual" });
    await response.body?.cancel();
    if (response.ok) return "accepted";
    if (response.status >= 400 && response.status < 500 && !TRANSIENT.has(response.status)) return "refused";
    throw new Error(`Cannot hand message to ${new URL(url).host}: HTTP status ${response.status}`);
  };
}

/** The receiver computes the same and compares in constant time. */
export function signature(body: string, secret: string): string {
  return `sha256=${createHmac("sha256", secret).update(body).digest("hex")}`;
}

function payload({ sentAt, ...message }: GatewayMessage): object {
  return { ...message, sentAt: formatDateTime(sentAt) };
}
