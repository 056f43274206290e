/** A step as a webhook tells it. @module */
import { createHmac } from "node:crypto";
import type { FollowedStep } from "../../outcomes/outcomes.ts";
import { formatDateTime } from "../../xmpp/date_time.ts";
import type { OutcomeWebhook } from "./webhook_setting.ts";

/** Whether the webhook is told of it. */
export function wants({ kinds, accounts }: Pick<OutcomeWebhook, "kinds" | "accounts">, step: FollowedStep): boolean {
  const isKind =
    kinds === undefined || kinds.includes(step.kind) || (step.kind === "settled" && kinds.includes(step.outcome.kind));
  if (!isKind || accounts === undefined) return isKind;
  return [step.sender, step.recipient].some((jid) => {
    const bare = jid.split("/", 1)[0]!;
    return accounts.includes(bare) || accounts.includes(bare.slice(bare.indexOf("@") + 1));
  });
}

/** The same for the same step, and another with every store. */
export function eventId(cursor: number, storeKey: Uint8Array): string {
  const digest = createHmac("sha256", storeKey).update(`webhook event ${cursor}`).digest("base64url");
  return `evt_${digest.slice(0, 22)}`;
}

/** JSON. The step's own `to` is the address that the message was handed to. */
export function eventBody(step: FollowedStep, id: string): string {
  const { message, kind, at, cursor, sender, recipient, ...details } = step;
  const { to: handedTo, ...others } = details as typeof details & { readonly to?: string };
  const event = { id, message, kind, at: formatDateTime(at), cursor, from: sender, to: recipient };
  return JSON.stringify({ ...event, ...(handedTo !== undefined && { handedTo }), ...others });
}
