/** What one gateway actor knows; its rooms, the files of this folder, share it. @module */
import type { Gateway } from "../gateway.ts";
import type { Node } from "../node.ts";
import { type GatewayFlight, Lanes } from "./gateway_flight.ts";
import type { GatewayRef } from "./gateway_letter.ts";

export interface GatewayStart {
  readonly domain: string;
  readonly gateway: Gateway;
  readonly self: () => GatewayRef;
}

export class GatewayState {
  readonly node: Node;
  readonly domain: string;
  readonly gateway: Gateway;
  readonly self: () => GatewayRef;
  /** By their sequence number. */
  readonly held = new Map<number, GatewayFlight>();
  readonly lanes = new Lanes();
  /** Attempts under way. */
  sending = 0;
  /** Rows beyond `readTo` wait in the store alone. */
  hasMore = true;
  isReading = false;
  /** A message was left in the store while it was being read, which may have been too early for it. */
  leftSince = false;
  readTo = 0;
  isStopped = false;

  constructor(node: Node, start: GatewayStart) {
    this.node = node;
    this.domain = start.domain;
    this.gateway = start.gateway;
    this.self = start.self;
  }
}
