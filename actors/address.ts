/** Addresses of actors, and answers to them. @module */
import type { Outcome } from "../amp/outcome.ts";
import type { ResourceAnswer } from "../amp/plan.ts";
import type { Jid } from "../xmpp/jid.ts";
import type { Finding } from "./finding.ts";

/** Names one session among those of all processes; a later session of the same resource has another. */
export type SessionId = number;

/** Where a letter goes. */
export type Address =
  | { readonly kind: "session"; readonly id: SessionId }
  /** The two actors of a bare JID. */
  | { readonly kind: "user"; readonly jid: Jid }
  | { readonly kind: "delivery"; readonly jid: Jid }
  /** What that process knows of sessions and accounts. */
  | { readonly kind: "directory"; readonly process: number }
  /** The durable queue of a domain. */
  | { readonly kind: "hop"; readonly domain: string }
  /** Somebody in that process who waits for an answer by its ticket. */
  | { readonly kind: "waiter"; readonly process: number };

/** Who wants to know what became of a message. */
export interface ReplyTo {
  /** Undefined: the timeline alone. */
  readonly to: Extract<Address, { readonly kind: "session" | "delivery" | "waiter" }> | undefined;
  /** The answers bear it. */
  readonly ticket: number;
  /** Somebody waits right now: the commit should not wait for company. */
  readonly waits: boolean;
  /** The message's timeline has to know, before anybody is told. */
  readonly timeline?: string | undefined;
  /** It knows that the message is accepted. */
  readonly isCounted?: boolean | undefined;
}

export type Answer =
  /** The message is durable, or has reached its end: an XEP-0198 `h` may cover it. Told once; after the outcome where it is the end. */
  | { readonly kind: "accepted"; readonly ticket: number; readonly side: "sender" | "recipient" }
  /** What became of the message, in the order of events: `stored` may be followed by `direct`. */
  | { readonly kind: "outcome"; readonly ticket: number; readonly outcome: Outcome };

export type DirectoryLetter =
  /** What a session of another process would do now; undefined: it is over. */
  | { readonly kind: "view"; readonly session: SessionId; readonly view: ResourceAnswer | undefined }
  /** The account was removed from the store. */
  | { readonly kind: "remove"; readonly account: Jid }
  /** The account was made. */
  | { readonly kind: "renew"; readonly account: Jid }
  /** The password of the account is another: its sessions end, but that of the full JID `except`. */
  | { readonly kind: "end-sessions"; readonly account: Jid; readonly except: Jid | undefined }
  /** Steps of messages were committed: who follows them there may read on. */
  | { readonly kind: "steps" };

export type WaiterLetter =
  | Answer
  /** What would become of a message. */
  | { readonly kind: "explained"; readonly ticket: number; readonly finding: Finding }
  /** A resource is bound under that address. */
  | { readonly kind: "bound"; readonly ticket: number; readonly session: SessionId; readonly jid: Jid }
  | {
      readonly kind: "unbound";
      readonly ticket: number;
      readonly condition: "bad-request" | "resource-constraint" | "internal-server-error";
    };
