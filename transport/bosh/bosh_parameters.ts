/** What a session creation request asks for, and what it gets: XEP-0124 section 7. Times in seconds. @module */
import type { BoshSettings } from "../stream_services.ts";
import { type BoshBody, BoshError } from "./bosh_body.ts";

export interface BoshParameters {
  readonly to: string;
  readonly wait: number;
  readonly hold: number;
  readonly requests: number;
  readonly inactivity: number;
  readonly polling: number;
  readonly pauseMax: number;
  /** Undefined: a legacy client, which is told of errors by HTTP codes. */
  readonly ver: string | undefined;
  readonly content: string;
  readonly usesAck: boolean;
  readonly newKey: string | undefined;
  /** The client lets no request wait (XEP-0124 section 12). */
  readonly isPolling: boolean;
}

const DEFAULT_CONTENT = "text/xml; charset=utf-8";
const CONTENT = /^[\w.+-]+\/[\w.+-]+(?:; ?charset="?[\w-]+"?)?$/;
const MINOR_VERSION = 11;
/** A polling client is away between its requests. */
const POLLING_SHARE = 2;

/** Throws BoshError. `to`: one of our domains. */
export function grantParameters({ attributes }: BoshBody, to: string, settings: BoshSettings): BoshParameters {
  const wait = Math.min(readNumber(attributes.get("wait"), settings.waitMax), settings.waitMax);
  const hold = Math.min(readNumber(attributes.get("hold"), 1), settings.holdMax);
  const isPolling = wait === 0 || hold === 0;
  const content = attributes.get("content");
  return {
    to,
    wait,
    hold,
    requests: Math.max(settings.requests, hold + 1),
    inactivity: isPolling ? settings.inactivity + POLLING_SHARE * settings.polling : settings.inactivity,
    polling: settings.polling,
    pauseMax: settings.pauseMax,
    ver: readVersion(attributes.get("ver")),
    content: content !== undefined && CONTENT.test(content) ? content : DEFAULT_CONTENT,
    usesAck: attributes.get("ack") === "1",
    newKey: attributes.get("newkey"),
    isPolling,
  };
}

function readNumber(text: string | undefined, fallback: number): number {
  if (text === undefined) return fallback;
  if (!/^\d{1,6}$/.test(text)) throw new BoshError("bad-request");
  return Number(text);
}

/** The lower of the client's version and ours; the minor number is an integer of its own. */
function readVersion(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  const match = /^(\d{1,3})\.(\d{1,3})$/.exec(text);
  if (match === null || match[1] === "0") throw new BoshError("bad-request");
  return match[1] === "1" ? `1.${Math.min(Number(match[2]), MINOR_VERSION)}` : `1.${MINOR_VERSION}`;
}
