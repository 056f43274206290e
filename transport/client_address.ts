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

/** A proxy is believed only on the same machine. */
export function peerOfRequest({ remote, https, forwardedFor, forwardedProto }: HttpRequestOrigin): Peer {
  const address = remote ?? "unknown";
  if (!isLoopback(address) || forwardedFor === undefined) {
    return { address, security: { encrypted: https, loopback: isLoopback(address) } };
  }
  const client = forwardedFor.split(",").at(-1)!.trim();
  return {
    address: client,
    security: { encrypted: https || forwardedProto === "https", loopback: isLoopback(client) },
  };
}

export function isLoopback(address: string): boolean {
  return address === "::1" || /^(?:::ffff:)?127(?:\.\d{1,3}){3}$/.test(address);
}
