/**
 * One message that delivery answers for, as a value, and what may happen to it. `step` moves it; the actor carries the effects
 * out. Where a message begins at rest, and whether its row counts, arrival.ts and plan_input.ts set.
 * @module
 */
import type { Met } from "../../../amp/evaluate.ts";
import type { Outcome } from "../../../amp/outcome.ts";
import type { Plan } from "../../../amp/plan.ts";
import type { RuleState } from "../../../amp/rule_state.ts";
import type { Proof } from "../../../outcomes/step.ts";
import type { StanzaErrorCondition } from "../../../xmpp/errors.ts";
import type { SessionId } from "../../address.ts";

/** What the log has of the message. */
export interface Row {
  /** `queued`: on its way to a commit. `durable`: committed. */
  readonly log: "none" | "queued" | "durable";
  /** The message waits for its recipient: a restart offers it again. */
  readonly waits: boolean;
  /** An archive keeps the message. */
  readonly archived: boolean;
  /** The row counts among the recipient's stored messages. */
  readonly counted: boolean;
}

/** Where the message is. A notify rule (`onProof`, `onTaken`) fires when the stage is passed as hoped for. */
export type Stage =
  /** Sessions have it and may prove its receipt. */
  | {
      readonly kind: "offered";
      readonly to: readonly SessionId[];
      readonly onProof: Met | undefined;
      /** One of them had lost its connection when it was offered to another as well. */
      readonly isShared?: boolean;
    }
  /** It has ended, most often by proof of receipt; the commit of what an archive keeps of it is awaited. */
  | { readonly kind: "proved" }
  /**
   * The next hop has not answered yet. `queued`: the message waits here until it does, in a durable queue; otherwise it is the
   * forwarding address that answers for it.
   */
  | { readonly kind: "handed"; readonly onTaken: Met | undefined; readonly queued: boolean }
  /** It comes to rest in storage. Without an ending only the commit of its row is awaited. */
  | { readonly kind: "resting"; readonly ending: Ending | undefined; readonly report: Met | undefined }
  /** It ends; the transaction of its ending is awaited. */
  | { readonly kind: "ending"; readonly ending: Ending };

/** A transaction that rests or ends the message; everything about it is told after the commit. */
export interface Ending {
  readonly kind: "rest" | "end";
  readonly report: Met | undefined;
  readonly outcome: Outcome;
  /** The ordinary error of a message that nothing delivers. */
  readonly bounce: StanzaErrorCondition | undefined;
  /** The message's own row is part of the transaction. */
  readonly hasRow: boolean;
}

export interface Flight {
  readonly rules: RuleState | undefined;
  /** Who learns of the outcome: nobody, a client's XEP-0198 count, or an application that waits for each outcome. */
  readonly audience: "none" | "count" | "application";
  /** An AMP event of the server's own. */
  readonly notice: boolean;
  /** It came through a forwarding account. */
  readonly forwarded: boolean;
  readonly row: Row;
  readonly stage: Stage;
}

/** The facts of the account that a step depends on. */
export interface Terms {
  /** Messages may wait in storage for this account. */
  readonly offline: boolean;
  /** Reports to accounts lie in the log until their receipt is proved. */
  readonly logsReports: boolean;
  /** Milliseconds since 1970. */
  readonly now: number;
}

export type Event =
  /** A device has proved receipt. `isWritten`: a commit has taken the row, be it one that is under way. */
  | { readonly kind: "proved"; readonly resource: string; readonly isWritten: boolean; readonly by: Proof }
  /** That session will not prove it any more. `isLate`: the session lives, and does not send it again because its time is over. */
  | { readonly kind: "lost"; readonly session: SessionId; readonly isLate: boolean }
  /** Sessions that came later are offered it beside one that has lost its connection; `notify`: a rule that this meets. */
  | { readonly kind: "shared"; readonly to: readonly SessionId[]; readonly notify: Met | undefined }
  /** A device has read it in the archive, and no rule speaks of a delivery any more. */
  | { readonly kind: "read" }
  /** It was given so often without proof that only the archive keeps it now. */
  | { readonly kind: "given-up" }
  /** The plan made after `lost`, or after a hop has declined it, and the live sessions that it names. */
  | { readonly kind: "planned"; readonly plan: Plan; readonly sessions: readonly SessionId[] }
  /** The row is committed. */
  | { readonly kind: "committed" }
  /** The store has not taken the row. */
  | { readonly kind: "refused"; readonly condition: StoreCondition }
  /** The transaction of the ending is committed, or has failed. */
  | { readonly kind: "done"; readonly fault: StoreCondition | undefined }
  /** The next hop has answered; undefined: it holds the message durably. */
  | { readonly kind: "answered"; readonly outcome: Outcome | undefined }
  /** The next server cannot be reached: the message lies in the queue for it. */
  | { readonly kind: "held-up" }
  /** The next server processes no rules, and was given nothing (XEP-0079 2.2.4). */
  | { readonly kind: "turned-away" }
  /** A deadline has passed. `isReachable`: a session or a hop that has the message may still prove or take it. */
  | { readonly kind: "due"; readonly isReachable: boolean };

/** What a sender is told where the store could not take a message. */
export type StoreCondition = "resource-constraint" | "internal-server-error";

/** One change of the message's row, for the transaction of an ending. */
export type Change =
  /** The row that the message was given at its arrival is written. */
  | "row"
  /** A row is written, waiting: the message had none that waits. */
  | "append"
  /** Its new rule state. */
  | "rules"
  /** It waits no more; an archive keeps it. */
  | "settle"
  /** It is taken out of what waits and of the recipient's archive. */
  | "withdraw";

export type Effect =
  /** Send it to these sessions. */
  | { readonly kind: "offer"; readonly to: readonly SessionId[] }
  /** Make a plan again and come back with `planned`. */
  | { readonly kind: "plan"; readonly forward: boolean }
  /** No session was there to take the offer: come back later with a plan. */
  | { readonly kind: "again" }
  /** Hand it to the forwarding address, with the rules that are still undecided. */
  | { readonly kind: "forward"; readonly to: string; readonly rules: RuleState | undefined }
  /** It may be handed to the hop, in its turn. */
  | { readonly kind: "queue" }
  /** Sessions that have it besides the one that proved it must not send it again, unless they have asked for copies. */
  | {
      readonly kind: "revoke-elsewhere";
      readonly from: readonly SessionId[];
      /** The resource. */
      readonly prover: string | undefined;
    }
  /** These sessions must not send it again. */
  | { readonly kind: "revoke"; readonly from: readonly SessionId[] }
  /** Its row goes from what waits; a row that no commit has taken yet is never written. */
  | { readonly kind: "settle" }
  /** Run these changes, and the row of the report, in one transaction. `alone`: rows that age do not go along. */
  | { readonly kind: "commit"; readonly changes: readonly Change[]; readonly ending: Ending; readonly alone: boolean }
  /** Tell the sender of a rule. `logged`: the transaction of the ending has logged it already. */
  | { readonly kind: "report"; readonly met: Met; readonly logged: "now" | "done" | "never" }
  /** A rule has fired for a row that stays: its state and the report in one transaction. */
  | { readonly kind: "fire"; readonly met: Met; readonly rules: RuleState }
  /** The report that the transaction logged must not be sent: the message itself was not stored. */
  | { readonly kind: "unreport" }
  /** The ordinary error. */
  | { readonly kind: "bounce"; readonly condition: StanzaErrorCondition; readonly type: "wait" | undefined }
  /** The row counts among the stored messages of the account from now on, or no longer. */
  | { readonly kind: "count"; readonly waits: boolean }
  /** The row waits for the next flush. */
  | { readonly kind: "wait" }
  /** The row stays in storage though it should have gone: a later flush offers it. */
  | { readonly kind: "hold-back" }
  /** Without a row that waits, its deadline has to be watched here. */
  | { readonly kind: "watch" }
  /** Receipt of a report from the log is proved; its envelope may still be on the way. */
  | { readonly kind: "remember" }
  /** It is durable: an XEP-0198 count may cover it. */
  | { readonly kind: "accept" }
  /** An outcome that is true now, before the message is over. */
  | { readonly kind: "tell"; readonly outcome: Outcome }
  /** A transaction failed. */
  | { readonly kind: "log"; readonly condition: StoreCondition }
  /** Nobody answers for the message any more. Its outcome, where it was not told before; `isLast`: it is `stored` and waits for nobody. */
  | { readonly kind: "over"; readonly outcome: Outcome | undefined; readonly isLast?: boolean };

/** The flight after an event, undefined where it is over, and what has to be done, in order. */
export interface Step {
  readonly flight: Flight | undefined;
  readonly effects: readonly Effect[];
}

const NOTHING: readonly Effect[] = [];

/** The event does not concern the flight as it is now. */
export function unmoved(flight: Flight): Step {
  return { flight, effects: NOTHING };
}

export function withRow(flight: Flight, change: Partial<Row>): Flight {
  return { ...flight, row: { ...flight.row, ...change } };
}
