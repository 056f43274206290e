/** What the store actor is told. @module */
import type { NewMessage, ReadCall, StoreCall, StoreFault, StoreReply } from "../store/store.ts";
import type { ActorRef } from "./runtime/mailbox.ts";

/** Whose row it is learns at once, without asking, whether a commit has taken it, and may take it back until then. */
export interface RowHandle {
  /** A commit has taken the row; set by the store. */
  isWritten: boolean;
  /** Nobody waits for the row any more: it must not be written as one that waits. Without effect once it is written. */
  isCancelled: boolean;
}

/** What became of rows that somebody has appended. */
export type CommitNews =
  | { readonly kind: "committed"; readonly seqs: readonly number[] }
  | { readonly kind: "refused"; readonly seqs: readonly number[]; readonly fault: StoreFault };

export type StoreMessage =
  /**
   * A message for the log; `units`: about how long its text is. `wanted`: somebody waits for the commit; otherwise it may
   * wait for company. `provable`: a device has been given it, whose proof of receipt may come first.
   */
  | {
      readonly kind: "append";
      readonly message: NewMessage;
      readonly handle?: RowHandle | undefined;
      readonly units: number;
      readonly from: ActorRef<CommitNews>;
      readonly wanted: boolean;
      readonly provable: boolean;
    }
  | { readonly kind: "settle"; readonly owner: string; readonly seqs: readonly number[] }
  /**
   * Calls that belong into one transaction. `ages`: nobody waits for it, so that it may wait for company. `alone`: they depend on nothing that waits for company, which goes on waiting. None:
   * answered once all is committed that was told before.
   */
  | {
      readonly kind: "calls";
      readonly alone?: boolean;
      readonly ages?: boolean;
      readonly calls: readonly StoreCall[];
      readonly resolve: (replies: readonly StoreReply[]) => void;
      readonly reject: (fault: StoreFault) => void;
    }
  /** Goes to the store together with others of this turn. */
  | {
      readonly kind: "read";
      readonly call: ReadCall;
      readonly resolve: (reply: StoreReply) => void;
      readonly reject: (fault: StoreFault) => void;
    }
  /** The turn of the event loop is over in which reads were asked. */
  | { readonly kind: "turn" }
  /** What waits for company should go now. */
  | { readonly kind: "hurry" }
  /** There are counts of resumable streams to keep. */
  | { readonly kind: "counts" }
  /** Half the time that a write may wait has passed. */
  | { readonly kind: "tick" }
  | { readonly kind: "done"; readonly replies: readonly StoreReply[] | StoreFault }
  | { readonly kind: "answered"; readonly reading: number; readonly replies: readonly StoreReply[] | StoreFault };
