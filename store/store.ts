/**
 * What is remembered, as a contract. Its operations come in parts, a file each; every one runs inside the transaction of its
 * batch. Accounts are named by their bare JID as text. Times are milliseconds since 1970, UTC.
 * `seq` is a message's place in the log: a strictly increasing safe integer that holds the time (see sequence.ts).
 * @module
 */
import type { ReadCall, StoreCall, StoreMethod, StoreOperations } from "./operations.ts";

export * from "./accounts.ts";
export * from "./archives.ts";
export * from "./arrivals.ts";
export * from "./documents.ts";
export * from "./message_log.ts";
export {
  isRead,
  type ReadCall,
  type ReadMethod,
  type StoreCall,
  type StoreMethod,
  type StoreOperations,
} from "./operations.ts";
export * from "./outcomes.ts";
export * from "./pubsub.ts";
export * from "./rosters.ts";
export * from "./streams.ts";
export * from "./tokens.ts";

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
  /**
   * Answers the calls from one state of the store, which has every batch that was run before, answered or not. It writes
   * nothing and waits for no disk of its own. A call that fails, or that does not only read, is answered with its fault; where
   * the file fails, this rejects with a StoreFault.
   */
  read(calls: readonly ReadCall[]): Promise<readonly StoreReply[]>;
  /**
   * For stores in a file. `true`: until `false` the database file stays as it is, and what is committed goes to the end of its log, so
   * that both can be copied while the store works: first the file, then the log. Answers whether the file was held before; not so any more after
   * the store's thread has ended.
   */
  hold?(isHeld: boolean): Promise<boolean>;
  close(): Promise<void>;
}

/** The same operations as an asynchronous face, for whoever asks the StoreActor. */
export type AsyncStore = {
  readonly [M in StoreMethod]: (
    ...parameters: Parameters<StoreOperations[M]>
  ) => Promise<ReturnType<StoreOperations[M]>>;
};
