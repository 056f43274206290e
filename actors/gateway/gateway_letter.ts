/** What the gateway actor is told. @module */
import type { PendingMessage, StoreFault } from "../../store/store.ts";
import type { Envelope } from "../delivery/delivery_letter.ts";
import type { GatewayAnswer } from "../gateway.ts";
import type { ActorRef } from "../runtime/mailbox.ts";

export type GatewayLetter =
  | { readonly kind: "start" }
  | Envelope
  /** What waits in the store; undefined: it could not be read. */
  | { readonly kind: "rows"; readonly rows: readonly PendingMessage[] | undefined }
  | { readonly kind: "committed"; readonly seq: number; readonly fault: StoreFault | undefined }
  /** An error stands for no answer. */
  | { readonly kind: "answered"; readonly seq: number; readonly answer: GatewayAnswer | Error }
  | { readonly kind: "retry"; readonly seq: number }
  /** A message that waits in the store alone, whose deadline has passed. */
  | { readonly kind: "late"; readonly row: PendingMessage }
  /** A deadline of a waiting message has passed. */
  | { readonly kind: "expire"; readonly seq: number };

export type GatewayRef = ActorRef<GatewayLetter>;
