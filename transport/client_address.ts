/** Where a client is, and how well its bytes are protected on the way. @module */
import { BlockList, isIP, isIPv6 } from "node:net";
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

/** Whether what a reverse proxy at that address says of its clients is believed. */
export type TrustsProxy = (address: string) => boolean;

/** `ranges`: addresses, or networks as `10.0.0.0/8`. A proxy on the same machine is always believed. */
export function trustProxies(ranges: readonly string[]): TrustsProxy {
  if (ranges.length === 0) return isLoopback;
  const trusted = new BlockList();
  for (const range of ranges) {
    const [address = "", bits] = range.split("/");
    const family = familyOf(address);
    if (bits === undefined) trusted.addAddress(address, family);
    else trusted.addSubnet(address, Number(bits), family);
  }
  return (address) => {
    const unmapped = withoutMapping(address);
    return isLoopback(unmapped) || trusted.check(unmapped, familyOf(unmapped));
  };
}

function familyOf(address: string): "ipv4" | "ipv6" {
  return isIPv6(address) ? "ipv6" : "ipv4";
}

export const UNKNOWN_ADDRESS = "unknown";
/** As proxies write an address: with a port, and with IPv6 in brackets then. */
const WITH_PORT = /^(?:\[([\da-f:.]+)\]|(\d+(?:\.\d+){3}))(?::\d{1,5})?$/i;

/**
 * Of X-Forwarded-For counts the last address that is no trusted proxy's: the one that such a proxy has seen itself. Those
 * before it may be the client's own invention. What is no address there, and this machine, which no proxy has to tell of, is
 * `unknown`: it shares one limit, and has no rights of its own.
 */
export function peerOfRequest(
  { remote, https, forwardedFor, forwardedProto }: HttpRequestOrigin,
  trusts: TrustsProxy,
): Peer {
  const address = remote ?? UNKNOWN_ADDRESS;
  if (forwardedFor === undefined || !trusts(address)) return peerAt(address, https);
  const seen = forwardedFor.split(",").map(readForwarded);
  // From within the proxies' own network anything may be said, but nobody there is on this machine.
  const within = seen.find((text) => !isLoopback(text)) ?? UNKNOWN_ADDRESS;
  return peerAt(seen.findLast((text) => !trusts(text)) ?? within, https || forwardedProto === "https");
}

function readForwarded(entry: string): string {
  const text = entry.trim();
  const match = WITH_PORT.exec(text);
  const address = match?.[1] ?? match?.[2] ?? text;
  return isIP(address) === 0 ? UNKNOWN_ADDRESS : address;
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
  const unmapped = withoutMapping(address);
  if (!unmapped.includes(":")) return unmapped;
  const [left = [], tail] = unmapped.replace(/%.*$/, "").split("::").map(groupsOf);
  const gap = tail === undefined ? [] : new Array<string>(Math.max(0, 8 - left.length - tail.length)).fill("0");
  const network = [...left, ...gap, ...(tail ?? [])].slice(0, 4);
  return `${network.map((group) => group.replace(/^0+(?=.)/, "").toLowerCase()).join(":")}::/64`;
}

/** An IPv4 address that a socket for both families shows as one of IPv6 (RFC 4291 section 2.5.5.2). */
function withoutMapping(address: string): string {
  return /^::ffff:(\d{1,3}(?:\.\d{1,3}){3})$/i.exec(address)?.[1] ?? address;
}

function groupsOf(text: string): string[] {
  return text === "" ? [] : text.split(":");
}
