/** All gateways of a server: those of the configuration, and those that the application gives. @module */
import type { Destination } from "../actors/destination.ts";
import { type GatewayHandler, gateway } from "../destinations/gateway.ts";
import { Jid } from "../xmpp/jid.ts";
import type { Config } from "./config.ts";
import { ConfigError } from "./config_error.ts";
import type { WebhookOptions } from "./gateway_setting.ts";
import { createWebhook } from "./gateway_webhook.ts";

/** By domain: a function, or a webhook as in the configuration file. */
export type GatewayOptions = Readonly<Record<string, GatewayHandler | WebhookOptions>>;

const SECOND = 1000;
const HOUR = 3_600_000;
const HANDLER_TIMEOUT_MS = 60 * SECOND;
const HANDLER_RETRY_MS = 72 * HOUR;

/** Those that are for the configuration. */
export function webhookOptions(options: GatewayOptions): Record<string, WebhookOptions> {
  const entries = Object.entries(options).filter((entry): entry is [string, WebhookOptions] => !isHandler(entry[1]));
  return Object.fromEntries(entries);
}

/** Throws ConfigError where a domain is served otherwise, or is none. */
export function createGateways(
  config: Config,
  options: GatewayOptions,
  now: () => number,
): ReadonlyMap<string, Destination> {
  const gateways = new Map<string, Destination>();
  for (const [domain, { timeoutSeconds, retryHours, ...webhook }] of Object.entries(config.gateways)) {
    const times = { timeoutMs: timeoutSeconds * SECOND, retryMs: retryHours * HOUR };
    gateways.set(domain, gateway(domain, createWebhook(webhook, now), times));
  }
  for (const [text, handler] of Object.entries(options)) {
    if (!isHandler(handler)) continue;
    const domain = domainOf(text);
    gateways.set(domain, gateway(domain, handler, { timeoutMs: HANDLER_TIMEOUT_MS, retryMs: HANDLER_RETRY_MS }));
  }
  for (const domain of gateways.keys()) {
    if (config.domains.includes(domain)) throw problem(domain, "a domain that is not among `domains`");
  }
  return gateways;
}

function isHandler(value: GatewayHandler | WebhookOptions): value is GatewayHandler {
  return typeof value === "function";
}

function domainOf(text: string): string {
  const jid = Jid.tryParse(text);
  if (jid === undefined || jid.local !== "" || jid.resource !== "") throw problem(text, "a domain name");
  return jid.domain;
}

function problem(domain: string, expected: string): ConfigError {
  return new ConfigError([{ name: "gateways", value: domain, expected }]);
}
