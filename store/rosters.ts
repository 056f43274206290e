/** Rosters, subscription requests and block lists (RFC 6121, XEP-0191). @module */
import type { ArchivePreferences } from "./archives.ts";

export type SubscriptionState = "none" | "to" | "from" | "both";

/** A roster item with the states of RFC 6121 Appendix A; a pending inbound request is a SubscriptionRequest. */
export interface RosterItem {
  readonly jid: string;
  readonly name: string;
  readonly subscription: SubscriptionState;
  /** `ask='subscribe'`: our request waits for the contact's answer. */
  readonly ask: boolean;
  /** The contact's subscription is approved in advance (RFC 6121 section 3.4). */
  readonly approved: boolean;
  readonly groups: readonly string[];
}

/** A request to see our presence that waits for an answer (RFC 6121 section 3.1.3); `text` is the presence stanza. */
export interface SubscriptionRequest {
  readonly from: string;
  readonly text: string;
}

/** All that a UserActor needs when it is activated: one read. */
export interface UserRecord {
  readonly account: string;
  readonly roster: readonly RosterItem[];
  /** Counts changes of the roster (RFC 6121 section 2.6). */
  readonly rosterVersion: number;
  readonly requests: readonly SubscriptionRequest[];
  readonly blocked: readonly string[];
  readonly forwardTo: string | undefined;
  readonly archivePreferences: ArchivePreferences | undefined;
  readonly lastActivity: { readonly at: number; readonly status: string } | undefined;
  /** Whether any message waits for this user. */
  readonly hasPending: boolean;
}

export interface RosterOperations {
  user(account: string): UserRecord | undefined;
  putRosterItem(owner: string, item: RosterItem, version: number): void;
  removeRosterItem(owner: string, jid: string, version: number): void;
  putSubscriptionRequest(owner: string, request: SubscriptionRequest): void;
  removeSubscriptionRequest(owner: string, from: string): void;
  block(owner: string, jids: readonly string[]): void;
  /** No list: unblocks all. */
  unblock(owner: string, jids?: readonly string[]): void;
}
