/** Where a client is, and how well its bytes are protected on the way. @module */
import type { StreamSecurity } from "./sasl/mechanisms.ts";

export interface Peer {
  readonly address: string;
  readonly security: StreamSecurity;
}

export interface HttpRequestOrigin {
  /** Of the TCP connection; undefined where the runtime does not tell. */
  readonly remote: string | undefined;
  readonly https: boolean;
  /** Headers of a reverse proxy. */
  readonly forwardedFor: string | undefined;
  readonly forwardedProto: string | undefined;
}

/** Shared, since every idle connection keeps one. */
const SECURITY = {
  encrypted: { loopback: { encrypted: true, loopback: true }, remote: { encrypted: true, loopback: false } },
  plain: { loopback: { encrypted: false, loopback: true }, remote: { encrypted: false, loopback: false } },
} as const satisfies Record<string, Record<string, StreamSecurity>>;

/**
 * A reverse proxy is believed only on the same machine, and only the last address of its X-Forwarded-For, which is the one
 * that it has seen itself: those before it may be the client's own invention.
 */
export function peerOfRequest({ remote, https, forwardedFor, forwardedProto }: HttpRequestOrigin): Peer {
  const address = remote ?? "unknown";
  if (!isLoopback(address) || forwardedFor === undefined) return peerAt(address, https);
  return peerAt(forwardedFor.split(",").at(-1)!.trim(), https || forwardedProto === "https");
}

function peerAt(address: string, encrypted: boolean): Peer {
  return {
    address,
    security: SECURITY[encrypted ? "encrypted" : "plain"][isLoopback(address) ? "loopback" : "remote"],
  };
}

export function isLoopback(address: string): boolean {
  return address === "::1" || /^(?:::ffff:)?127(?:\.\d{1,3}){3}$/.test(address);
}

/** Whom limits count as one: with IPv6 a single customer has a whole /64 to take addresses from (RFC 6177). */
export function limitKey(address: string): string {
  if (!address.includes(":")) return address;
  const mapped = /^::ffff:(\d{1,3}(?:\.\d{1,3}){3})$/i.exec(address)?.[1];
  if (mapped !== undefined) return mapped;
  const [left = [], tail] = address.replace(/%.*$/, "").split("::").map(groupsOf);
  const gap = tail === undefined ? [] : new Array<string>(Math.max(0, 8 - left.length - tail.length)).fill("0");
  const network = [...left, ...gap, ...(tail ?? [])].slice(0, 4);
  return `${network.map((group) => group.replace(/^0+(?=.)/, "").toLowerCase()).join(":")}::/64`;
}

function groupsOf(text: string): string[] {
  return text === "" ? [] : text.split(":");
}
