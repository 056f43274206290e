/** A client's address, and the protection of its connection. @module */
import { BlockList, isIP, isIPv6 } from "node:net";
import type { StreamSecurity } from "./sasl/mechanisms.ts";

export interface Peer {
  readonly address: string;
  readonly security: StreamSecurity;
}

export interface HttpRequestOrigin {
  /** Of the TCP connection; undefined when the runtime does not report it. */
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

/** Whether a reverse proxy at that address is trusted to report its clients' addresses. */
export type TrustsProxy = (address: string) => boolean;

/** `ranges`: addresses, or networks as `10.0.0.0/8`. A proxy on the same machine is always trusted. */
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
/** An address as proxies write it: possibly with a port, and then IPv6 in brackets. */
const WITH_PORT = /^(?:\[([\da-f:.]+)\]|(\d+(?:\.\d+){3}))(?::\d{1,5})?$/i;

/**
 * The last address of X-Forwarded-For that is not a trusted proxy's counts: a trusted proxy has seen it. The client may
 * have invented those before it. A text that is no address, and an address of this machine, which no proxy has reason
 * to report, become `unknown`: all of them share one limit and have no rights of a local client.
 */
export function peerOfRequest(
  { remote, https, forwardedFor, forwardedProto }: HttpRequestOrigin,
  trusts: TrustsProxy,
): Peer {
  const address = remote ?? UNKNOWN_ADDRESS;
  if (forwardedFor === undefined || !trusts(address)) return peerAt(address, https);
  const seen = forwardedFor.split(",").map(readForwarded);
  // A header from the proxies' own network may hold anything, but cannot make its client local.
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

/** The key by which limits count an address: a single IPv6 customer has a whole /64 of addresses (RFC 6177). */
export function limitKey(address: string): string {
  const unmapped = withoutMapping(address);
  if (!unmapped.includes(":")) return unmapped;
  const [left = [], tail] = unmapped.replace(/%.*$/, "").split("::").map(groupsOf);
  const gap = tail === undefined ? [] : new Array<string>(Math.max(0, 8 - left.length - tail.length)).fill("0");
  const network = [...left, ...gap, ...(tail ?? [])].slice(0, 4);
  return `${network.map((group) => group.replace(/^0+(?=.)/, "").toLowerCase()).join(":")}::/64`;
}

/** An IPv4 address in its IPv6-mapped form (RFC 4291 section 2.5.5.2). */
function withoutMapping(address: string): string {
  return /^::ffff:(\d{1,3}(?:\.\d{1,3}){3})$/i.exec(address)?.[1] ?? address;
}

function groupsOf(text: string): string[] {
  return text === "" ? [] : text.split(":");
}
