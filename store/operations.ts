/** Every operation of a store: the parts together, calls as values, and which of them only read. @module */
import type { AccountOperations } from "./accounts.ts";
import type { ArchiveOperations } from "./archives.ts";
import type { ArrivalOperations } from "./arrivals.ts";
import type { DocumentOperations } from "./documents.ts";
import type { LogOperations } from "./message_log.ts";
import type { OutcomeOperations } from "./outcomes.ts";
import type { PubsubOperations } from "./pubsub.ts";
import type { RosterOperations } from "./rosters.ts";
import type { StreamOperations } from "./streams.ts";
import type { TokenOperations } from "./tokens.ts";

/**
 * Every operation. Writes are durable when the batch that held them is answered. Reading for an owner without an
 * account gives nothing. Writing for one is a fault where the operation has no answer for it; with messages that owner
 * is left out, since an account may go while its messages are on their way. Messages are also kept for other owners (addOwner()).
 */
export interface StoreOperations
  extends AccountOperations,
    RosterOperations,
    LogOperations,
    ArchiveOperations,
    DocumentOperations,
    PubsubOperations,
    OutcomeOperations,
    StreamOperations,
    TokenOperations,
    ArrivalOperations {}

export type StoreMethod = keyof StoreOperations;

/** One operation as a value, so that a batch can cross a thread: `["settle", [...]]`. */
export type StoreCall = {
  readonly [M in StoreMethod]: readonly [method: M, ...parameters: Parameters<StoreOperations[M]>];
}[StoreMethod];

/**
 * What an operation does. `log`: what it answers or does depends on the rows of an account's log, the ones included that still
 * wait for their commit. Deadlines do not: whoever asks for them is told of new ones after each commit.
 */
const ACCESS = {
  createAccount: "write log",
  setCredentials: "write",
  renewCredentials: "write",
  credentials: "read",
  removeAccount: "write log",
  addOwner: "write log",
  accounts: "read",
  usage: "read log",
  setForward: "write",
  setArchivePreferences: "write",
  setLastActivity: "write",
  user: "read log",
  putRosterItem: "write",
  removeRosterItem: "write",
  putSubscriptionRequest: "write",
  removeSubscriptionRequest: "write",
  block: "write",
  unblock: "write",
  append: "write log",
  pend: "write log",
  settle: "write log",
  setRules: "write log",
  withdraw: "write log",
  pending: "read log",
  pendingShares: "read log",
  due: "read",
  nextDeadline: "read",
  waitingSummary: "read",
  waitingOwners: "read",
  archive: "read log",
  archiveBounds: "read log",
  pruneArchive: "write log",
  trimArchive: "write log",
  putDocument: "write",
  document: "read",
  documents: "read",
  documentCount: "read",
  removeDocument: "write",
  putPubsubNode: "write",
  removePubsubNode: "write",
  putPubsubItem: "write",
  removePubsubItem: "write",
  pubsubNodes: "read",
  pubsubItems: "read",
  pubsubItem: "read",
  openTimeline: "write",
  noteSteps: "write",
  timeline: "read",
  timelineOfKey: "read",
  timelines: "read",
  stepsAfter: "read",
  lastStep: "read",
  pruneTimelines: "write",
  putFollower: "write",
  follower: "read",
  putStreams: "write",
  stream: "read",
  pruneStreams: "write",
  putToken: "write",
  tokens: "read",
  removeToken: "write",
  putArrivals: "write",
  arrivals: "read",
} as const satisfies Readonly<Record<StoreMethod, "read" | "read log" | "write" | "write log">>;

export type ReadMethod = {
  [M in StoreMethod]: (typeof ACCESS)[M] extends "read" | "read log" ? M : never;
}[StoreMethod];

export type ReadCall = Extract<StoreCall, readonly [ReadMethod, ...unknown[]]>;

export function isRead(call: StoreCall): call is ReadCall {
  const access = ACCESS[call[0]];
  return access === "read" || access === "read log";
}

export function concernsLog([method]: StoreCall): boolean {
  const access = ACCESS[method];
  return access === "read log" || access === "write log";
}

/**
 * Whom a call is for: accounts and other owners, the id of a stream, the id or the key of a timeline; nothing where it is for no
 * one in particular.
 */
export function subjectsOf([, first]: StoreCall): readonly string[] {
  if (typeof first === "string") return [first];
  if (Array.isArray(first)) return first.flatMap(entrySubjects);
  return typeof first === "object" ? entrySubjects(first as Entry) : [];
}

interface Entry {
  readonly owner?: string;
  readonly id?: string;
  readonly key?: string | undefined;
  readonly timeline?: string;
}

function entrySubjects({ owner, id, key, timeline }: Entry): readonly string[] {
  return [owner, id, key, timeline].filter((subject) => subject !== undefined);
}
