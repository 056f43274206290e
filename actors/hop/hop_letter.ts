/** What the actor of a hop is told. @module */
import type { PendingMessage } from "../../store/store.ts";
import type { Done, Envelope } from "../delivery/delivery_letter.ts";
import type { ActorRef } from "../runtime/mailbox.ts";
import type { CommitNews } from "../store_letter.ts";
import type { HopAnswer } from "./hop.ts";

export type HopLetter =
  | { readonly kind: "start" }
  /** The far end can be reached again: nothing waits for its next attempt. */
  | { readonly kind: "reachable" }
  /** The store has its log. */
  | { readonly kind: "opened" }
  | Envelope
  /** What would become of it? */
  | { readonly kind: "explain"; readonly envelope: Envelope }
  /** What waits in the store; undefined: it could not be read. */
  | { readonly kind: "rows"; readonly rows: readonly PendingMessage[] | undefined }
  | CommitNews
  | Done
  /** An error stands for no answer. */
  | { readonly kind: "answered"; readonly seq: number; readonly answer: HopAnswer | Error }
  | { readonly kind: "retry"; readonly seq: number }
  /** A deadline of a waiting message has passed. */
  | { readonly kind: "expire"; readonly seq: number };

export type HopRef = ActorRef<HopLetter>;
