/** The parameters of a session creation request, and the granted ones: XEP-0124 section 7. Times in seconds. @module */
import { NS } from "../../xmpp/ns.ts";
import { attr, type Markup, xml } from "../../xmpp/xml/xml.ts";
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
  /** Undefined: a legacy client, which gets errors as HTTP codes. */
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
/** Content encodings of requests. */
const ACCEPTED_ENCODINGS = "gzip,deflate";
/** A polling client has no request open most of the time. */
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

/** The attributes of the session creation response: XEP-0124 section 7.2, XEP-0206 section 4. `rid`: of the request. */
export function writeParameters(parameters: BoshParameters, sid: string, rid: number): Markup {
  const { wait, requests, hold, inactivity, polling, pauseMax, to, ver, usesAck } = parameters;
  const session = [
    attr("sid", sid),
    attr("wait", wait),
    attr("requests", requests),
    attr("hold", hold),
    attr("inactivity", inactivity),
    attr("polling", polling),
    attr("maxpause", pauseMax),
    attr("accept", ACCEPTED_ENCODINGS),
    attr("charsets", "UTF-8"),
    attr("from", to),
    attr("ver", ver),
    attr("ack", usesAck ? rid : undefined),
  ];
  const xmpp = [attr("xmlns:xmpp", NS.XBOSH), attr("xmpp:version", "1.0"), attr("xmpp:restartlogic", "true")];
  return xml`${session}${xmpp}`;
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
