/** Whoever takes stanzas for a domain: the accounts of this server, a gateway, what an application adds. @module */
import type { Outcome } from "../amp/outcome.ts";
import type { Plan } from "../amp/plan.ts";
import type { ArrivedMessages } from "../store/store.ts";
import type { Log } from "../xmpp/log.ts";
import type { Stanza } from "../xmpp/stanza.ts";
import type { Envelope } from "./delivery/delivery_letter.ts";
import type { Hop, HopOptions } from "./hop/hop.ts";

export interface Destination {
  /** Whether it takes stanzas for that domain now. Destinations are asked in the order of their list, after the accounts. */
  serves(domain: string): boolean;
  /** Called once, before the first stanza. */
  start?(context: DestinationContext): void;
  /** Nothing comes any more. */
  stop?(): void;
  /**
   * What it would do with a message (XEP-0079 section 2.2.2). The server reads the rules of the message and holds them against
   * this plan; `accept` gets what they let pass: a message without rules, in an envelope with those that are undecided, which is
   * for finish() or for a queue. A destination without `plan` judges the rules itself.
   */
  plan?(message: Stanza): Plan;
  /**
   * Has the asker told what would become of a message that it would put into a queue: DestinationContext.explainHop(). Without
   * it and without `plan` nobody knows. `forward`: false once the recipient's forwarding address has refused it.
   */
  explain?(envelope: Envelope, forward: boolean): void;
  /** Domains that service discovery of the server lists now (XEP-0030 section 4). */
  items?(): readonly string[];
  /** Other servers stand behind it, whose users are strangers here until presence says otherwise. */
  readonly isRemote?: boolean;
  /** The queue of a domain, which is opened when the first message is for it, and at the start where messages wait. */
  hop?(domain: string): QueuedDomain | undefined;
  /**
   * Takes a stanza. It answers for a message until it has told DestinationContext.finish() what became of it. The count of the
   * sender's stream (XEP-0198) waits a minute for that, no longer.
   */
  accept(envelope: Envelope): void;
}

export interface QueuedDomain {
  readonly hop: Hop;
  readonly options: HopOptions;
  /** The queue is empty and was closed, since others are needed. */
  closed(): void;
}

export interface ArrivalsKeeper {
  /** All that are kept. Rejects with StoreFault. */
  load(): Promise<readonly ArrivedMessages[]>;
  /** In place of those of that server. Resolves when they are durable; rejects with StoreFault. */
  keep(arrived: ArrivedMessages): Promise<void>;
}

/** What a destination may use of the server. */
export interface DestinationContext {
  readonly log: Log;
  now(): number;
  newId(): string;
  /** Sends a stanza on its way; `to` and `from` are set. */
  route(stanza: Stanza): void;
  /** What became of a message that was accepted: told once, when it is true. Rules that this meets are carried out. */
  finish(envelope: Envelope, outcome: Outcome): void;
  /**
   * Opens the durable queue of a domain. A message is accepted when it is committed, and is handed to the hop, in order for each
   * address, until it takes or refuses it. Returns what puts a stanza into the queue.
   */
  openHop(domain: string, hop: Hop, options: HopOptions): (envelope: Envelope) => void;
  /** Into the queue of a domain that Destination.hop() knows. */
  queue(envelope: Envelope): void;
  /**
   * A stanza that has come from another server. `isReport`: it tells what became of a message (XEP-0079 2.2.5). `handled`: called
   * once, when it is durable or has ended.
   */
  receive(stanza: Stanza, isReport: boolean, handled: () => void): void;
  /** Knows after a restart, too, which messages have come from other servers. */
  readonly arrivals: ArrivalsKeeper;
  /** Runs a task later; returns what cancels it. */
  schedule(ms: number, task: () => void): () => void;
  /** The far end of the queue of that domain can be reached again: what waits for its next attempt goes at once. */
  reachable(domain: string): void;
  /** Has the queue of that domain tell what would become of a message. */
  explainHop(domain: string, envelope: Envelope): void;
}
