/** One attempt to reach the server of a domain: name, addresses, connection, negotiation. @module */
import { connect, type Socket } from "node:net";
import { LinkError } from "../../destinations/federation/links.ts";
import type { LinkParts } from "./link_parts.ts";
import { NoSuchServer, type Service } from "./locate.ts";
import {
  type Goal,
  type Negotiated,
  type NegotiationEnd,
  OutgoingNegotiation,
  type Step,
} from "./outgoing_negotiation.ts";
import type { DomainPair } from "./outgoing_stream.ts";
import { Wire } from "./wire.ts";

/** Steps of an attempt, for who watches it. */
export type DialStep =
  | Step
  | { readonly kind: "services"; readonly services: readonly Service[] }
  | { readonly kind: "addresses"; readonly service: Service; readonly addresses: readonly string[] }
  | { readonly kind: "connecting"; readonly service: Service; readonly address: string }
  | { readonly kind: "unreachable"; readonly service: Service; readonly address: string; readonly reason: string }
  | { readonly kind: "external-refused" };

export interface DialOptions {
  readonly pair: DomainPair;
  readonly goal: Goal;
  /** Called when the stream is ready, at once, since stanzas may follow in the same segment. */
  readonly ready: (negotiated: Negotiated) => void;
  readonly onStep?: ((step: DialStep) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Most addresses that are tried in one attempt. */
const MAX_ADDRESSES = 8;

/** Resolves when the goal is reached: with `genuine` for a key that was asked about. Rejects with LinkError. */
export async function dial(parts: LinkParts, options: DialOptions): Promise<boolean> {
  const { remote } = options.pair;
  const refusal = parts.policy.refusal(remote);
  if (refusal !== undefined) throw new LinkError("denied", `Cannot reach ${remote}: ${refusal}`);
  let last: LinkError | undefined;
  let tried = 0;
  const deadline = parts.now() + parts.settings.negotiationMs;
  try {
    const services = await parts.locator.services(remote);
    options.onStep?.({ kind: "services", services });
    for (const service of services) {
      const addresses = await addressesOf(parts, service, options).catch((error: unknown) => {
        last ??= asLinkError(error, remote);
        return [];
      });
      for (const address of addresses) {
        if (++tried > MAX_ADDRESSES || parts.now() > deadline) break;
        const end = await attempt(parts, options, service, address);
        if (end.kind === "verdict") return end.genuine;
        if (end.kind === "ready") return true;
        if (end.kind === "failed" && end.error.fault !== "unreachable") throw end.error;
        if (end.kind === "failed") last = end.error;
        else
          last = new LinkError(
            "unreachable",
            `Cannot reach ${remote} at ${address} port ${service.port}: ${end.reason}`,
          );
      }
    }
  } catch (error) {
    throw asLinkError(error, remote);
  }
  throw last ?? new LinkError("unreachable", `Cannot reach ${remote}: there is nothing to try`);
}

async function addressesOf(parts: LinkParts, service: Service, { onStep }: DialOptions): Promise<readonly string[]> {
  const addresses = await parts.locator.addresses(service);
  onStep?.({ kind: "addresses", service, addresses });
  return addresses;
}

type AttemptEnd =
  | Exclude<NegotiationEnd, { kind: "external-refused" }>
  | { readonly kind: "no-connection"; readonly reason: string };

async function attempt(parts: LinkParts, options: DialOptions, service: Service, address: string): Promise<AttemptEnd> {
  const { goal, onStep } = options;
  const end = await tryAddress(parts, options, goal, service, address);
  if (end.kind !== "external-refused") return end;
  onStep?.({ kind: "external-refused" });
  // The other server has most likely ended the stream, so dialback gets one of its own.
  const again: Goal = goal.kind === "stanzas" ? { ...goal, skipExternal: true } : goal;
  return (await tryAddress(parts, options, again, service, address)) as AttemptEnd;
}

async function tryAddress(
  parts: LinkParts,
  options: DialOptions,
  goal: Goal,
  service: Service,
  address: string,
): Promise<NegotiationEnd | { readonly kind: "no-connection"; readonly reason: string }> {
  const { onStep, signal } = options;
  signal?.throwIfAborted();
  onStep?.({ kind: "connecting", service, address });
  const socket = await open(address, service.port, parts).catch((error: Error) => error.message);
  if (typeof socket !== "string") return negotiate(parts, options, goal, service, socket);
  onStep?.({ kind: "unreachable", service, address, reason: socket });
  return { kind: "no-connection", reason: socket };
}

function open(host: string, port: number, { schedule, settings }: LinkParts): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port });
    const fail = (error: Error) => {
      stop();
      socket.destroy();
      reject(error);
    };
    const stop = schedule(settings.connectMs, () => fail(new Error("no answer in time")));
    socket.once("error", fail);
    socket.once("connect", () => {
      stop();
      socket.off("error", fail);
      resolve(socket);
    });
  });
}

function negotiate(
  parts: LinkParts,
  { pair, ready, onStep, signal }: DialOptions,
  goal: Goal,
  service: Service,
  socket: Socket,
): Promise<NegotiationEnd> {
  const { settings, schedule, tls, log } = parts;
  return new Promise((resolve) => {
    const negotiation = new OutgoingNegotiation(
      { ...parts, from: pair.local, to: pair.remote, onStep },
      goal,
      (end) => {
        stopTimer();
        signal?.removeEventListener("abort", onAbort);
        if (end.kind === "ready") ready(end.negotiated);
        resolve(end);
      },
    );
    const stopTimer = schedule(settings.negotiationMs, () => negotiation.stop("the negotiation took too long"));
    const onAbort = () => negotiation.stop("this server stops");
    signal?.addEventListener("abort", onAbort);
    const limits = { ...settings.xmlLimits, maxBytes: settings.strangerBytes };
    negotiation.start(new Wire({ socket, tls, limits, schedule, log }, negotiation), service.tls);
  });
}

function asLinkError(error: unknown, remote: string): LinkError {
  if (error instanceof LinkError) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new LinkError(
    error instanceof NoSuchServer ? "not-found" : "unreachable",
    `Cannot reach ${remote}: ${message}`,
  );
}
