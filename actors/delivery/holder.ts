/** Who answers for messages under way and has a log: the delivery of an account, or a hop. @module */
import type { Outcome } from "../../amp/outcome.ts";
import type { SeqMap } from "../../store/seq_map.ts";
import type { Jid } from "../../xmpp/jid.ts";
import type { SessionId } from "../address.ts";
import type { Node } from "../node.ts";
import type { ActorRef } from "../runtime/mailbox.ts";
import type { CommitNews } from "../store_letter.ts";
import type { Done } from "./delivery_letter.ts";
import type { Effect } from "./flight/flight.ts";
import type { Tracked } from "./tracked.ts";

/** Effects that depend on who holds the message. */
export type OwnEffect = Extract<
  Effect,
  {
    kind:
      | "offer"
      | "plan"
      | "again"
      | "forward"
      | "queue"
      | "revoke-elsewhere"
      | "revoke"
      | "settle"
      | "count"
      | "wait"
      | "hold-back"
      | "watch"
      | "remember";
  }
>;

export interface Holder {
  readonly node: Node;
  /** Whose log holds its rows. */
  readonly owner: Jid;
  /** Messages may wait here. */
  readonly offline: boolean;
  readonly inFlight: SeqMap<Tracked>;
  self(): ActorRef<CommitNews | Done>;
  /** The resources of these sessions. */
  resourcesOf(sessions: readonly SessionId[]): readonly string[];
  /** A step has moved that message, or ended it; its effects come after. */
  moved(tracked: Tracked, isOver: boolean): void;
  /** The message has reached that end. */
  settled(tracked: Tracked, outcome: Outcome): void;
  carryOutOwn(tracked: Tracked, effect: OwnEffect): void;
}
