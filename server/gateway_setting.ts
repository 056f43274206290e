/** The configuration key `gateways`: domains that an HTTP webhook serves. @module */
import * as v from "valibot";
import { fromJson } from "../modules/from_json.ts";
import type { Setting } from "../modules/setting.ts";
import { Jid } from "../xmpp/jid.ts";

export interface WebhookSettings {
  readonly url: string;
  /** The key of the signature (HMAC-SHA256). */
  readonly secret: string;
  /** For one attempt. */
  readonly timeoutSeconds: number;
  /** How long a message is tried. */
  readonly retryHours: number;
}

/** In the file and in code; members left out have their defaults. */
export interface WebhookOptions {
  readonly url: string;
  readonly secret: string;
  readonly timeout_seconds?: number;
  readonly retry_hours?: number;
}

const webhook = v.pipe(
  v.strictObject({
    url: v.pipe(v.string(), v.regex(/^https?:\/\/[^\s/]+/), v.url()),
    secret: v.pipe(v.string(), v.minLength(16)),
    timeout_seconds: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(300)), 10),
    retry_hours: v.optional(v.pipe(v.number(), v.minValue(0), v.maxValue(8760)), 72),
  }),
  v.transform(
    ({ url, secret, timeout_seconds, retry_hours }): WebhookSettings => ({
      url,
      secret,
      timeoutSeconds: timeout_seconds,
      retryHours: retry_hours,
    }),
  ),
);

export function gatewaySetting(about: string): Setting<Readonly<Record<string, WebhookSettings>>> {
  const schema = v.record(v.pipe(v.string(), v.check(isDomain), v.transform(canonical)), webhook);
  return {
    schema: schema as v.GenericSchema<unknown, Readonly<Record<string, WebhookSettings>>>,
    expected:
      "a table of domains, each with url (http: or https:) and secret (16 characters or more), and perhaps timeout_seconds (1 to 300) and retry_hours (0 to 8760)",
    about,
    fromText: fromJson,
    fallback: () => ({}),
    fallbackText: "none",
  };
}

function isDomain(text: string): boolean {
  const jid = Jid.tryParse(text);
  return jid !== undefined && jid.local === "" && jid.resource === "";
}

function canonical(text: string): string {
  return Jid.parse(text).domain;
}
