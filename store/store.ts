/**
 * What is remembered, as a contract. Its operations come in parts, a file each; every one runs inside the transaction of its
 * batch. Accounts are named by their bare JID as text. Times are milliseconds since 1970, UTC.
 * `seq` is a message's place in the log: a strictly increasing safe integer that holds the time (see sequence.ts).
 * @module
 */
import type { AccountOperations } from "./accounts.ts";
import type { ArchiveOperations } from "./archives.ts";
import type { DocumentOperations } from "./documents.ts";
import type { LogOperations } from "./message_log.ts";
import type { PubsubOperations } from "./pubsub.ts";
import type { RosterOperations } from "./rosters.ts";
import type { StreamOperations } from "./streams.ts";

export * from "./accounts.ts";
export * from "./archives.ts";
export * from "./documents.ts";
export * from "./message_log.ts";
export * from "./pubsub.ts";
export * from "./rosters.ts";
export * from "./streams.ts";

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
    StreamOperations {}

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
