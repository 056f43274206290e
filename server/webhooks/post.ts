/**
 * One POST to an address that an operator has configured. The name is looked up first, and the connection goes to an address
 * that was judged, so that a name cannot lead inside the network later. No redirect is followed, and no body of an answer read.
 * @module
 */
import { request as requestHttp } from "node:http";
import { request as requestHttps } from "node:https";
import { isIP, type LookupFunction } from "node:net";
import { isInner } from "./inner_address.ts";

export interface FoundAddress {
  readonly address: string;
  readonly family: number;
}

/** All addresses of a host name. */
export type FindAddresses = (host: string) => Promise<readonly FoundAddress[]>;

export interface Post {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** Addresses inside the network are allowed. */
  readonly allowPrivate: boolean;
  /** Ends it, wherever it is. */
  readonly signal: AbortSignal;
  readonly find: FindAddresses;
}

/** Resolves with the status of the answer. */
export async function post(url: URL, { find, signal, allowPrivate, ...content }: Post): Promise<number> {
  const found = await unlessAborted(addressesOf(url, find), signal);
  const addresses = allowPrivate ? found : found.filter(({ address }) => !isInner(address));
  if (addresses.length === 0) throw new Error(`Cannot reach ${url.hostname}: its address is inside the network`);
  return statusOf(url, content, addresses, signal);
}

async function addressesOf(url: URL, find: FindAddresses): Promise<readonly FoundAddress[]> {
  const host = hostOf(url);
  const family = isIP(host);
  return family === 0 ? find(host) : [{ address: host, family }];
}

/** IPv6 without its brackets. */
export function hostOf({ hostname }: URL): string {
  return hostname.replace(/^\[(.*)\]$/, "$1");
}

function statusOf(
  url: URL,
  { headers, body }: Pick<Post, "headers" | "body">,
  addresses: readonly FoundAddress[],
  signal: AbortSignal,
): Promise<number> {
  const lookup: LookupFunction = (_, { all }, found) => {
    const [first] = addresses;
    if (all) found(null, [...addresses]);
    else found(null, first!.address, first!.family);
  };
  const send = url.protocol === "https:" ? requestHttps : requestHttp;
  return new Promise((resolve, reject) => {
    // A connection of its own: one that is kept could have been opened under older terms.
    const options = { method: "POST", agent: false, headers: { ...headers, "content-length": byteLength(body) } };
    const request = send(url, { ...options, lookup, signal });
    request.on("error", reject);
    request.on("response", (response) => {
      resolve(response.statusCode ?? 0);
      // What breaks after the status changes nothing.
      response.on("error", () => {});
      response.destroy();
      request.destroy();
    });
    request.end(body);
  });
}

function byteLength(text: string): number {
  return new TextEncoder().encode(text).length;
}

async function unlessAborted<Value>(promise: Promise<Value>, signal: AbortSignal): Promise<Value> {
  signal.throwIfAborted();
  let abort = () => {};
  const aborted = new Promise<never>((_, reject) => {
    abort = () => reject(signal.reason);
    signal.addEventListener("abort", abort, { once: true });
  });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener("abort", abort);
  }
}
