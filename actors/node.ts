/** The part of the server that every actor may use; made in system.ts. @module */
import type { RuleLimits } from "../amp/read.ts";
import type { RuleState } from "../amp/rule_state.ts";
import type { ServerContext, ServerSettings } from "../modules/module.ts";
import type { Registry } from "../modules/registry.ts";
import type { SequenceClock } from "../store/sequence.ts";
import type { AsyncStore } from "../store/store.ts";
import type { Jid } from "../xmpp/jid.ts";
import type { Log } from "../xmpp/log.ts";
import type { Stanza } from "../xmpp/stanza.ts";
import type { ReplyTo, SessionId } from "./address.ts";
import type { Congestion } from "./congestion.ts";
import type { DeliveryRef, Envelope } from "./delivery/delivery_letter.ts";
import type { OfflineLimits } from "./delivery/offline_shares.ts";
import type { Meters } from "./meters.ts";
import type { NowAndThen } from "./now_and_then.ts";
import type { Peers } from "./peers.ts";
import type { Teller } from "./post.ts";
import type { ActorRef } from "./runtime/mailbox.ts";
import type { Scheduler } from "./runtime/scheduler.ts";
import type { AccountBacklog } from "./session/account_backlog.ts";
import type { AccountBudget, BudgetLimits } from "./session/account_budget.ts";
import type { SessionRef } from "./session/session_letter.ts";
import type { StoreMessage } from "./store_letter.ts";
import type { StreamRegistry } from "./stream_registry.ts";
import type { UserLetter } from "./user/user_letter.ts";

/** Settings of the actors. Times in milliseconds. */
export interface NodeSettings extends ServerSettings {
  readonly ruleLimits: RuleLimits;
  readonly resumeMs: number;
  /** Time after which an unanswered probe means a dead connection. */
  readonly probeTimeoutMs: number;
  /** A connection that was silent for this time is probed. */
  readonly idleMs: number;
  readonly resourcesPerUser: number;
  readonly mailboxMessages: number;
  readonly mailboxBytes: number;
  readonly unprovedMessages: number;
  readonly unprovedBytes: number;
  /** Of all sessions of an account together. */
  readonly accountUnprovedBytes: number;
  readonly offlineLimits: OfflineLimits;
  /** Deliveries without proof, over streams ended in order, after which an archived message is not offered again; 0: no bound. */
  readonly unprovenDeliveries: number;
  /** How long archives keep messages, and how many of one account; 0: all. */
  readonly archiveKeepMs: number;
  readonly archiveKeepMessages: number;
  /** Rates for the clients of one account. */
  readonly budget: BudgetLimits;
  /** How long timelines are kept. */
  readonly outcomesKeepMs: number;
  /** Longest delay of a write without a waiting caller, to share a commit. */
  readonly pendingDelayMs: number;
}

/** The two actors of a bare JID. */
export interface UserEntry {
  readonly jid: Jid;
  readonly user: ActorRef<UserLetter>;
  readonly delivery: DeliveryRef;
  /** The budget of its clients, over all sessions; made with the first. */
  budget?: AccountBudget | undefined;
  /** What its sessions hold without proof; made with the first that waits for it. */
  backlog?: AccountBacklog | undefined;
}

export interface RouteOptions {
  readonly replyTo?: ReplyTo | undefined;
  readonly notice?: boolean;
  readonly seq?: number;
  readonly via?: readonly Jid[];
  readonly rules?: RuleState | undefined;
}

export interface Node extends Teller {
  readonly settings: NodeSettings;
  readonly scheduler: Scheduler;
  readonly congestion: Congestion;
  readonly registry: Registry;
  readonly context: ServerContext;
  readonly log: Log;
  readonly meters: Meters;
  /** Subjects logged within the hour. */
  readonly notices: NowAndThen;
  readonly store: ActorRef<StoreMessage>;
  readonly database: AsyncStore;
  readonly streams: StreamRegistry;
  readonly seqs: SequenceClock;
  stanzaId(seq: number): string;
  readonly peers: Peers;
  /** A session has got this resource of an account that is owned here. */
  sessionBound(id: SessionId, jid: Jid): void;
  /** What a session of this process would do with a message is another now, or it is over. */
  sessionChanged(session: SessionRef, account: Jid): void;
  /** Undefined: the session is over. */
  session(id: SessionId): SessionRef | undefined;
  /** A session of this process is over. `counts`: its stream still waits to hear of stanzas that it has sent. */
  sessionEnded(id: SessionId, counts: boolean): void;
  /** It has heard of all of them. */
  sessionSettled(id: SessionId): void;
  /** The number of this turn of the event loop. */
  readonly turn: number;
  now(): number;
  newId(): string;
  /** Runs a task later; returns what cancels it. */
  schedule(ms: number, task: () => void): () => void;
  isLocal(domain: string): boolean;
  /** Whether it is a domain of another server. */
  isRemote(domain: string): boolean;
  /** Whether stanzas for that domain have somewhere to go. */
  serves(domain: string): boolean;
  /** The actors of a bare JID, activated if necessary. */
  user(bare: Jid): UserEntry;
  /** The actors of a bare JID, if they are active. */
  activeUser(bare: Jid): UserEntry | undefined;
  /** Routes a stanza with `from` and `to`. */
  route(stanza: Stanza, options?: RouteOptions): void;
  /** Routes a ready envelope. */
  dispatch(envelope: Envelope): void;
}
