/**
 * What is remembered, as a contract: every operation that a store offers, each run inside the transaction of its batch.
 * Accounts are named by their bare JID as text. Times are milliseconds since 1970, UTC.
 * `seq` is a message's place in the one log: a strictly increasing safe integer that holds the time (see sequence.ts).
 * @module
 */

/** SCRAM keys of one mechanism (RFC 5802 section 3); salt and keys in base64. No password is ever kept. */
export interface ScramKeys {
  readonly salt: string;
  readonly iterations: number;
  readonly storedKey: string;
  readonly serverKey: string;
}

/** The mechanism's hash is the key, for example `SHA-256`. */
export type Credentials = Readonly<Record<string, ScramKeys>>;

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

/** XEP-0313 section 6 preferences. */
export interface ArchivePreferences {
  readonly default: "always" | "never" | "roster";
  readonly always: readonly string[];
  readonly never: readonly string[];
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

/** Who has a log besides accounts. */
export type OwnerKind = "gateway";

/** What is kept besides the archive may take so much of an account's bytes; the archive has what it leaves. */
export const KEPT_PART = 1 / 4;

/** Bytes as UTF-8, kept in the archive; in documents, nodes and items. */
export interface AccountBytes {
  readonly archive: number;
  readonly kept: number;
}

/** A message's place in one user's archive. `peer` is the other side's bare JID. */
export interface ArchiveEntry {
  readonly owner: string;
  readonly peer: string;
}

/** Of what is for no archive. */
export const NO_ENTRIES: readonly ArchiveEntry[] = [];

/**
 * A message waits for its recipient. `rules` is opaque text of the AMP rule state; `deadline` the earliest undecided
 * `expire-at`.
 */
export interface PendingEntry {
  readonly owner: string;
  readonly rules?: string | undefined;
  readonly deadline?: number | undefined;
}

/** A message has one row in the log of each owner, whose archive has it, or for whom it waits, or both. */
export interface NewMessage {
  readonly seq: number;
  readonly text: string;
  /** Whose archives have it. */
  readonly archive: readonly ArchiveEntry[];
  readonly pending?: PendingEntry | undefined;
}

export interface PendingMessage {
  readonly seq: number;
  readonly text: string;
  readonly rules: string | undefined;
  readonly deadline: number | undefined;
  /** Whether the owner's archive holds it too. */
  readonly archived: boolean;
}

/** What one sender has waiting for somebody. `sender` is a bare JID, "" where the text tells none; bytes as UTF-8. */
export interface SenderShare {
  readonly sender: string;
  readonly messages: number;
  readonly bytes: number;
}

export interface Deadline {
  readonly owner: string;
  readonly seq: number;
  readonly at: number;
}

/** A page of one user's archive; all bounds are optional and combine (XEP-0313 section 4, XEP-0059). */
export interface ArchiveQuery {
  readonly owner: string;
  /** Bare JID of the other side. */
  readonly peer?: string | undefined;
  /** Both inclusive, as sequence numbers. */
  readonly from?: number | undefined;
  readonly until?: number | undefined;
  /** Exclusive: XEP-0059 `after` and `before`, XEP-0313 `after-id` and `before-id`. */
  readonly after?: number | undefined;
  readonly before?: number | undefined;
  readonly seqs?: readonly number[] | undefined;
  /**
   * `last` takes the page from the end (an empty RSM `before`, or `before` an id); rows are in ascending order all the
   * same.
   */
  readonly take: "first" | "last";
  readonly limit: number;
  /** Counts all rows within the bounds but after/before; leave it out where nobody asked, it costs an index scan. */
  readonly count?: boolean;
}

export interface ArchivedMessage {
  readonly seq: number;
  readonly text: string;
}

export interface ArchivePage {
  readonly messages: readonly ArchivedMessage[];
  /** Nothing lies beyond the page in its direction. */
  readonly complete: boolean;
  /** Undefined where no count was asked for. */
  readonly total: number | undefined;
}

/** Free-form XML kept for a user: vCards, private XML. `kind` names the module, `key` the entry. */
export interface StoredDocument {
  readonly key: string;
  readonly text: string;
}

export interface PubsubNodeRecord {
  readonly node: string;
  /** JSON of the node's configuration. */
  readonly config: string;
}

export interface PubsubItemRecord {
  readonly id: string;
  readonly publisher: string;
  readonly text: string;
  readonly at: number;
}

/** How many stanzas of a resumable stream are handled for good (XEP-0198 `h`), as of `at`. */
export interface StreamCount {
  readonly id: string;
  readonly account: string;
  readonly h: number;
  readonly at: number;
}

/**
 * Every operation. Writes are durable when the batch that held them is answered. Reading for an owner without an
 * account gives nothing. Writing for one is a fault where the operation has no answer for it; with messages that owner
 * is left out, since an account may go while its messages are on their way. Messages are also kept for other owners (addOwner()).
 */
export interface StoreOperations {
  /** Returns false where the account exists. */
  createAccount(account: string, credentials: Credentials, at: number): boolean;
  /** Returns false where there is no such account. */
  setCredentials(account: string, credentials: Credentials): boolean;
  /** Replaces keys by others of the same passwordId() (xmpp/scram_keys.ts). Returns false where the password is another now. */
  renewCredentials(account: string, credentials: Credentials): boolean;
  credentials(account: string): Credentials | undefined;
  /** Removes the account with all that belongs to it. Returns false where there is no such account. */
  removeAccount(account: string): boolean;
  /** Opens the log of somebody who has no account; nothing where there is one already. Only the log is for such an owner. */
  addOwner(owner: string, kind: OwnerKind): void;
  accounts(after: string, limit: number): readonly string[];
  usage(account: string): AccountBytes | undefined;

  user(account: string): UserRecord | undefined;
  putRosterItem(owner: string, item: RosterItem, version: number): void;
  removeRosterItem(owner: string, jid: string, version: number): void;
  putSubscriptionRequest(owner: string, request: SubscriptionRequest): void;
  removeSubscriptionRequest(owner: string, from: string): void;
  block(owner: string, jids: readonly string[]): void;
  /** No list: unblocks all. */
  unblock(owner: string, jids?: readonly string[]): void;
  setForward(owner: string, to: string | undefined): void;
  setArchivePreferences(owner: string, preferences: ArchivePreferences): void;
  /** Nothing where there is no such account: its sessions may end after it. */
  setLastActivity(owner: string, at: number, status: string): void;

  /**
   * Owners without a log are left out. A row that is there already stays as it is, but that it may begin to wait. An archive
   * that becomes larger than its owner's quota loses its oldest rows: returns those owners, where there are any.
   */
  append(messages: readonly NewMessage[]): readonly string[] | undefined;
  /**
   * A message in the log of `pending.owner`, as of this batch, waits for that owner; where it waits already, its rules stay. A
   * fault where the message is not in that log.
   */
  pend(entries: readonly { readonly seq: number; readonly pending: PendingEntry }[]): void;
  /** Proof of receipt: they wait no more, and are gone where the owner's archive has not got them. */
  settle(entries: readonly { readonly owner: string; readonly seq: number }[]): void;
  /** New rule state of a waiting message. Returns false where it does not wait any more. */
  setRules(owner: string, seq: number, rules: string | undefined, deadline: number | undefined): boolean;
  /** Takes a waiting message out of the owner's log. Returns false where it does not wait any more. */
  withdraw(owner: string, seq: number): boolean;
  pending(owner: string, after: number, limit: number): readonly PendingMessage[];
  pendingCount(owner: string): number;
  /** The same by sender, but for the messages of that number. */
  pendingShares(owner: string, without: readonly number[]): readonly SenderShare[];
  /** Waiting messages whose deadline is at or before `until`, earliest first; `after`: beyond that one. */
  due(until: number, limit: number, after?: Pick<Deadline, "at" | "seq">): readonly Deadline[];
  /** The earliest deadline beyond `after`. */
  nextDeadline(after?: number): number | undefined;

  archive(query: ArchiveQuery): ArchivePage;
  /** First and last message (XEP-0313 section 5.2). */
  archiveBounds(owner: string): { readonly first: number; readonly last: number } | undefined;
  /** Retention: removes archive rows below `beforeSeq`, at most `limit`; returns how many went. */
  pruneArchive(beforeSeq: number, limit: number): number;
  /** Retention by count: keeps the newest `keep` rows of one owner; returns how many went. */
  trimArchive(owner: string, keep: number): number;

  /** As for nodes and items: a fault `quota` where the account may not keep so much. */
  putDocument(owner: string, kind: string, key: string, text: string): void;
  document(owner: string, kind: string, key: string): string | undefined;
  documents(owner: string, kind: string): readonly StoredDocument[];
  /** How many there are, without reading them. */
  documentCount(owner: string, kind: string): number;
  /** Returns false where there was none. */
  removeDocument(owner: string, kind: string, key: string): boolean;

  pubsubNodes(owner: string): readonly PubsubNodeRecord[];
  putPubsubNode(owner: string, node: string, config: string): void;
  /** Removes the node with its items. Returns false where there was none. */
  removePubsubNode(owner: string, node: string): boolean;
  /** Newest last; `limit` counts from the newest. */
  pubsubItems(owner: string, node: string, limit: number): readonly PubsubItemRecord[];
  pubsubItem(owner: string, node: string, id: string): PubsubItemRecord | undefined;
  /** Publishes or replaces, then keeps the newest `max` items. */
  putPubsubItem(owner: string, node: string, item: PubsubItemRecord, max: number): void;
  removePubsubItem(owner: string, node: string, id: string): boolean;

  putStreams(counts: readonly StreamCount[]): void;
  stream(id: string): StreamCount | undefined;
  /** Removes what is older than `before`; returns how many went. */
  pruneStreams(before: number): number;
}

export type StoreMethod = keyof StoreOperations;

/** One operation as a value, so that a batch can cross a thread: `["settle", [...]]`. */
export type StoreCall = {
  readonly [M in StoreMethod]: readonly [method: M, ...parameters: Parameters<StoreOperations[M]>];
}[StoreMethod];

/** What went wrong: `quota` that of one account (nothing was written), `full` the disk, `busy` locked, `readonly`, `damaged`, `failed` anything else. */
export type StoreFaultKind = "quota" | "full" | "busy" | "readonly" | "damaged" | "failed";

export class StoreFault extends Error {
  readonly kind: StoreFaultKind;
  constructor(kind: StoreFaultKind, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "StoreFault";
    this.kind = kind;
  }
}

export type StoreReply = { readonly value: unknown } | { readonly fault: StoreFault };

/** What a store tells at its start. */
export interface StoreStart {
  /** The highest sequence number that was ever appended, 0 where there was none. */
  readonly lastSeq: number;
  /** 16 random bytes made with the store, the key of its stanza ids (see stanza_id.ts). */
  readonly idKey: Uint8Array;
}

/** A store. Anything that implements this passes storeContract() of testing/. */
export interface Store {
  /** Opens and migrates. Throws StoreFault. */
  open(): Promise<StoreStart>;
  /**
   * Runs the calls in their order within one transaction, durable (`synchronous=FULL`) when this resolves. A call that
   * fails is undone alone and answered with its fault; where the commit itself fails, or the disk or the file does in
   * any call, this rejects with a StoreFault, and nothing happened. Where the store's thread or connection was lost, it
   * cannot tell whether the batch was committed: its fault says so. May be called while earlier batches run: first in,
   * first out.
   */
  run(batch: readonly StoreCall[]): Promise<readonly StoreReply[]>;
  close(): Promise<void>;
}

/** The same operations as an asynchronous face, for whoever asks the StoreActor. */
export type AsyncStore = {
  readonly [M in StoreMethod]: (
    ...parameters: Parameters<StoreOperations[M]>
  ) => Promise<ReturnType<StoreOperations[M]>>;
};
