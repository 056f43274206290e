/** What the actors say to one another. Messages are read-only; JIDs in them are parsed. @module */
import type { Outcome } from "../amp/outcome.ts";
import type { ResourceAnswer } from "../amp/plan.ts";
import type { RuleState } from "../amp/rule_state.ts";
import type {
  ArchivePreferences,
  NewMessage,
  PendingMessage,
  StoreCall,
  StoreFault,
  StoreReply,
} from "../store/store.ts";
import type { StreamError } from "../xmpp/errors.ts";
import type { Jid } from "../xmpp/jid.ts";
import type { Stanza } from "../xmpp/stanza.ts";
import type { Connection } from "./connection.ts";
import type { Ending, SessionId } from "./delivery/flight/flight.ts";
import type { GatewayAnswer } from "./gateway.ts";
import type { ActorRef } from "./runtime/mailbox.ts";
import type { BindRequest, ResumeResult, SessionHandle, TransportMessage } from "./sessions.ts";

/** How the one who sent a message learns what became of it. */
export interface Receipt {
  /** Somebody waits right now: the commit should not wait for company. */
  readonly waits: boolean;
  /** The message is durable, or has reached its end: an XEP-0198 `h` may cover it. Said once; after the outcome where it is the end. */
  accepted(): void;
  /** What became of it, in the order of events: `stored` may be followed by `direct`. */
  outcome(outcome: Outcome): void;
}

export type SessionMessage =
  | TransportMessage
  /**
   * To the device. `seq` 0: nobody waits for proof of receipt. After `until`, milliseconds since 1970, it must not be sent
   * again (XEP-0079 expire-at).
   */
  | { readonly kind: "deliver"; readonly stanza: Stanza; readonly seq: number; readonly until?: number | undefined }
  /** An inbound stanza has reached durable storage or its end. */
  | { readonly kind: "accepted"; readonly ticket: number }
  /** The store has that count of the stream's stanzas; undefined: it could not keep it. */
  | { readonly kind: "kept"; readonly count: number | undefined }
  /** What the session has to know of its account; told anew on every change. */
  | { readonly kind: "profile"; readonly profile: Profile }
  /** A message that waits for proof in a session without connection must not be sent again. */
  | { readonly kind: "revoke"; readonly seq: number }
  /** XEP-0198 section 5: another connection takes the session over. */
  | {
      readonly kind: "attach";
      readonly connection: Connection;
      readonly h: number;
      readonly reply: (result: ResumeResult) => void;
    }
  /** The sweep: look at the clock. */
  | { readonly kind: "timer" }
  /** Ends the stream. */
  | { readonly kind: "end"; readonly error: StreamError | undefined };

/** The address of a session, which answers at once what the session would do with a message (XEP-0079 match-resource). */
export interface SessionRef extends ActorRef<SessionMessage> {
  /** Names this session among all of the server; a later one of the same resource has another. */
  readonly id: SessionId;
  /** Undefined: the session is over. */
  readonly view: ResourceAnswer | undefined;
}

export type UserMessage =
  | {
      readonly kind: "bind";
      readonly request: BindRequest;
      readonly reply: (result: SessionHandle | Error) => void;
    }
  /** Presence of any type that one of the user's own resources sent. */
  | { readonly kind: "presence"; readonly resource: string; readonly stanza: Stanza }
  /** A probe or a subscription stanza of somebody else, or presence that comes behind one. */
  | { readonly kind: "inbound"; readonly stanza: Stanza }
  /** Presence of somebody else has gone to the resources. */
  | { readonly kind: "shown"; readonly stanza: Stanza }
  /** An IQ get or set to the account's bare JID. */
  | { readonly kind: "iq"; readonly stanza: Stanza }
  /**
   * A session is over; `unproved` are the messages whose receipt it could not prove, in order. `ignored`: its client ended it
   * in order, and had left a request for proof unanswered.
   */
  | {
      readonly kind: "ended";
      readonly resource: string;
      readonly session: SessionId;
      readonly unproved: readonly number[];
      readonly ignored: boolean;
    }
  /** The account's forwarding address has changed. */
  | { readonly kind: "forward"; readonly to: Jid | undefined }
  /** Ends all sessions of the account, but that of the resource `except`. */
  | { readonly kind: "end"; readonly error: StreamError; readonly except?: string | undefined }
  /** There is no such account any more: nothing may wait for it, and its sessions end. */
  | { readonly kind: "removed" };

/** A resource as the delivery actor sees it. Its presence is its session's to tell: `ref.view`. */
export interface ResourceEntry {
  readonly resource: string;
  readonly jid: Jid;
  readonly ref: SessionRef;
  readonly carbons: boolean;
  /** It has read the account's archive up to this number. */
  readonly seenUntil: number;
}

/** What delivery has to know of an account: a value, told anew by the UserActor whenever it changes. */
export interface Profile {
  /** There is such an account, or (SASL ANONYMOUS) a session without one. */
  readonly exists: boolean;
  /** The store knows the account: messages may wait for it. */
  readonly persistent: boolean;
  readonly resources: readonly ResourceEntry[];
  readonly blocked: ReadonlySet<string>;
  /** Bare JIDs that may see this account's presence (subscription `from` or `both`). */
  readonly watchers: ReadonlySet<string>;
  /** Bare JIDs whose presence this account may see (subscription `to` or `both`). */
  readonly watched: ReadonlySet<string>;
  readonly forwardTo: Jid | undefined;
  readonly archivePreferences: ArchivePreferences | undefined;
  /** Bare JIDs in the roster, for the archive preference `roster`. */
  readonly contacts: ReadonlySet<string>;
}

/** Whom to tell what of a sent message is archived under which number, so that the sender's other resources get copies. */
export interface SentCopy {
  readonly delivery: DeliveryRef;
  /** The one that has sent it. */
  readonly resource: string;
}

/** How a stanza comes to a delivery actor. */
export interface Envelope {
  readonly kind: "stanza";
  readonly stanza: Stanza;
  readonly receipt: Receipt | undefined;
  /** The archive of a local sender keeps a copy. */
  readonly archiveSender: boolean;
  /** Other resources of a local sender want copies, which bear the archive's id (XEP-0280 section 8, XEP-0313 section 3.1). */
  readonly sentCopy: SentCopy | undefined;
  /** An AMP event of the server's: goes on to the bare JID when the resource is gone, is not archived, not copied. */
  readonly notice: boolean;
  /** The log already holds it, waiting, under this number; 0: not yet. */
  readonly seq: number;
  /** The forwarding accounts that it has come through; who sent it on learns the outcome, the sender no error. */
  readonly via: readonly Jid[];
  /** Its undecided rules, where an earlier hop has read them. */
  readonly rules: RuleState | undefined;
}

export type DeliveryMessage =
  | Envelope
  | { readonly kind: "profile"; readonly profile: Profile }
  /**
   * The user's own resource has sent this: carbon copies for the others (XEP-0280). `seq`: its number in the user's
   * archive; 0: it is not kept there.
   */
  | { readonly kind: "sent"; readonly stanza: Stanza; readonly resource: string; readonly seq: number }
  /** The user actor is done with a subscription stanza or a probe. */
  | { readonly kind: "applied" }
  /** Unproved messages that this session will not send again, because their time is over. */
  | { readonly kind: "late"; readonly seqs: readonly number[]; readonly session: SessionId }
  | { readonly kind: "proved"; readonly seqs: readonly number[]; readonly resource: string }
  /**
   * The session is over and cannot prove these any more, nor any other that it was given; none: it had proved all it had.
   * `ignored`: as its UserActor was told.
   */
  | {
      readonly kind: "unproved";
      readonly seqs: readonly number[];
      readonly session: SessionId;
      readonly ignored?: boolean;
    }
  | { readonly kind: "committed"; readonly seqs: readonly number[] }
  | { readonly kind: "refused"; readonly seqs: readonly number[]; readonly fault: StoreFault }
  /**
   * A resource is ready for what waits; `comes`: it has just become so. `seenUntil`: it has read its archive up to there (no
   * second copy).
   */
  | { readonly kind: "flush"; readonly seenUntil: number; readonly comes?: boolean }
  /** A session of the account has lost its connection, and waits to be resumed. */
  | { readonly kind: "detached" }
  /** A deadline of a waiting message has passed. */
  | { readonly kind: "expire"; readonly seq: number }
  /** The calls that were to rest or end a message: committed, or not. */
  | { readonly kind: "done"; readonly seq: number; readonly ending: Ending; readonly fault: StoreFault | undefined }
  /** What the forwarding address made of a message; undefined: it has it, durably. */
  | { readonly kind: "handed"; readonly seq: number; readonly outcome: Outcome | undefined }
  /** No session took this message after all. */
  | { readonly kind: "again"; readonly seq: number };

export type DeliveryRef = ActorRef<DeliveryMessage>;

export type GatewayActorMessage =
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

export type GatewayRef = ActorRef<GatewayActorMessage>;

/** Whose row it is learns at once, without asking, whether a commit has taken it, and may take it back until then. */
export interface RowHandle {
  /** A commit has taken the row; set by the store. */
  isWritten: boolean;
  /** Nobody waits for the row any more: it must not be written as one that waits. Without effect once it is written. */
  isCancelled: boolean;
}

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
      readonly from: DeliveryRef;
      readonly wanted: boolean;
      readonly provable: boolean;
    }
  | { readonly kind: "settle"; readonly owner: string; readonly seqs: readonly number[] }
  /** Calls that belong into one transaction. `alone`: they depend on nothing that waits for company, which goes on waiting. */
  | {
      readonly kind: "calls";
      readonly alone?: boolean;
      readonly calls: readonly StoreCall[];
      readonly resolve: (replies: readonly StoreReply[]) => void;
      readonly reject: (fault: StoreFault) => void;
    }
  /** What waits for company should go now. */
  | { readonly kind: "hurry" }
  /** There are counts of resumable streams to keep. */
  | { readonly kind: "counts" }
  /** Half the time that a write may wait has passed. */
  | { readonly kind: "tick" }
  | { readonly kind: "done"; readonly replies: readonly StoreReply[] | StoreFault };

export type ExpiryMessage =
  /** A row with this deadline has been committed, or may have been. */
  { readonly kind: "deadline"; readonly at: number } | { readonly kind: "due" };
