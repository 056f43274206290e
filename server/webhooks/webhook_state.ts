/** What is kept of a webhook, so that a restart forgets nothing. @module */
import { createHash } from "node:crypto";
import * as v from "valibot";

/** Times count while the server runs only: a webhook does not fail while nobody calls it. */
const schema = v.object({
  /** Everything up to here was read. */
  cursor: v.number(),
  /** Those read that it has not taken: their cursors, and for how many milliseconds each has failed. */
  waiting: v.array(v.tuple([v.number(), v.nullable(v.number())])),
  /** For how many milliseconds it has taken nothing; null: it works. */
  failedMs: v.nullable(v.number()),
  isOff: v.boolean(),
});

export type WebhookState = v.InferOutput<typeof schema>;

export function stateFrom(cursor: number): WebhookState {
  return { cursor, waiting: [], failedMs: null, isOff: false };
}

export function readState(text: string): WebhookState {
  return v.parse(schema, JSON.parse(text));
}

/** Its name in the store, without what a URL may hold of secrets. */
export function nameOf(url: string): string {
  return `webhook ${createHash("sha256").update(url).digest("base64url")}`;
}
