/** The configuration key `outcomes.webhooks`: who is told over HTTP what became of messages. @module */
import { isIP } from "node:net";
import * as v from "valibot";
import type { Outcome } from "../../amp/outcome.ts";
import { fromJson } from "../../modules/from_json.ts";
import type { Setting } from "../../modules/setting.ts";
import type { StepKind } from "../../outcomes/step.ts";
import { Jid } from "../../xmpp/jid.ts";
import { isInner } from "./inner_address.ts";
import { hostOf } from "./post.ts";
import { isSecret } from "./standard_webhook.ts";

const STEP_KINDS = [
  "accepted",
  "refused",
  "ruled",
  "offered",
  "proved",
  "stored",
  "waits",
  "withdrawn",
  "handed",
  "reported",
  "settled",
] as const satisfies readonly StepKind[];
const OUTCOME_KINDS = [
  "direct",
  "stored",
  "forwarded",
  "gateway",
  "dropped",
  "expired",
  "none",
] as const satisfies readonly Outcome["kind"][];

export interface OutcomeWebhook {
  /** Each webhook has another one. */
  readonly url: string;
  /** The key of the signature: `whsec_` and base64, or other text; 16 bytes or more. */
  readonly secret: string;
  /**
   * Which steps are told: those of such a kind, and those that settle a message with such an outcome; `objective`: a
   * delivery objective begins to burn its budget. All unless given.
   */
  readonly kinds?: readonly (StepKind | Outcome["kind"] | "objective")[] | undefined;
  /** Bare JIDs and domains: only messages from or to one of them; all unless given. */
  readonly accounts?: readonly string[] | undefined;
  /** Whether the URL may lead inside the network: this machine, private and link-local addresses; false unless given. */
  readonly allow_private?: boolean | undefined;
  /** For one attempt; 10 unless given. */
  readonly timeout_seconds?: number | undefined;
  /** How long an event is tried, and after what time of failing the webhook is switched off; 72 unless given. */
  readonly retry_hours?: number | undefined;
}

const webhook = v.pipe(
  v.strictObject({
    url: v.pipe(v.string(), v.regex(/^https?:\/\/[^\s/]+/), v.url()),
    secret: v.pipe(v.string(), v.check(isSecret)),
    kinds: v.optional(v.pipe(v.array(v.picklist([...STEP_KINDS, ...OUTCOME_KINDS, "objective"])), v.nonEmpty())),
    accounts: v.optional(v.pipe(v.array(v.pipe(v.string(), v.check(isAccount), v.transform(canonical))), v.nonEmpty())),
    allow_private: v.optional(v.boolean()),
    timeout_seconds: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(300))),
    retry_hours: v.optional(v.pipe(v.number(), v.minValue(1), v.maxValue(8760))),
  }),
  v.check(({ url, allow_private }) => allow_private === true || !leadsInside(url)),
);

export function webhookSetting(about: string): Setting<readonly OutcomeWebhook[]> {
  const schema = v.pipe(
    v.array(webhook),
    v.check((hooks) => new Set(hooks.map(({ url }) => url)).size === hooks.length),
  );
  return {
    schema: schema as v.GenericSchema<unknown, readonly OutcomeWebhook[]>,
    expected:
      "a list of tables, each with a url of its own (http: or https:; inside the network only with allow_private = true) and secret (16 bytes or more, whsec_ and base64 or other text), and perhaps kinds (of steps or outcomes), accounts (bare JIDs or domains), timeout_seconds (1 to 300) and retry_hours (1 to 8760)",
    about,
    fromText: fromJson,
    fallback: () => [],
    fallbackText: "none",
  };
}

function isAccount(text: string): boolean {
  return Jid.tryParse(text)?.isBare === true;
}

function canonical(text: string): string {
  return Jid.parse(text).text;
}

/** By the address in it; names are looked up at each attempt. */
function leadsInside(text: string): boolean {
  const host = hostOf(new URL(text));
  return isIP(host) !== 0 && isInner(host);
}
