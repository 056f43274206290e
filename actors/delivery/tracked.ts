/**
 * A message that delivery answers for: its flight, which `flight/step.ts` moves, what does not move with it, and its row for the
 * log. The text is serialised only when a commit takes the row: most messages are proved received first and never written.
 * @module
 */
import { decodeState, type RuleState } from "../../amp/rule_state.ts";
import type { NewMessage, PendingMessage, Waiting } from "../../store/store.ts";
import type { StanzaErrorCondition } from "../../xmpp/errors.ts";
import type { Jid } from "../../xmpp/jid.ts";
import { NS } from "../../xmpp/ns.ts";
import { Stanza } from "../../xmpp/stanza.ts";
import type { ReplyTo, SessionId } from "../address.ts";
import type { RowHandle } from "../store_letter.ts";
import type { DueEvent } from "./due_event.ts";
import type { Flight, Row, Stage } from "./flight/flight.ts";

/** What is known of a message besides its text and its rules. */
export interface Origin {
  readonly replyTo: ReplyTo | undefined;
  /** An AMP event of the server's own. */
  readonly notice: boolean;
  /** The forwarding accounts that it came through. */
  readonly via: readonly Jid[];
}

export const NO_ROW: Row = { log: "none", waits: false, archived: false, counted: false };
/** As the log has it, though it was not read from there. */
export const LOGGED_ROW: Row = { log: "durable", waits: true, archived: false, counted: false };

/** Where a message is in the log. */
export interface Place {
  readonly owner: string;
  readonly seq: number;
}

export class Tracked implements NewMessage, RowHandle {
  /** In whose log its row is. */
  readonly owner: string;
  readonly seq: number;
  /** As it was sent, with the sender's full JID and the address as it was written; without `<amp/>` and `<stanza-id/>`. */
  readonly stanza: Stanza;
  /** The forwarding accounts that it came through. */
  via: readonly Jid[];
  replyTo: ReplyTo | undefined;
  flight: Flight;
  /** It has waited in storage: devices learn since when (XEP-0203). */
  isStored = false;
  /** The recipient's own archive has it, or will: its stanza-id is that archive's. */
  kept = false;
  /** No session was there to take it: modules learn of it with the offer that one takes. */
  isUntold = false;
  /** Its timeline; undefined: it is not tracked. */
  readonly timeline: string | undefined;
  /** The transaction that ends it, or brings it to rest, writes the steps that say so. */
  hasLastSteps = false;
  /** How many transactions were begun to rest or end it; the last counts. */
  commits = 0;
  /** Sessions that got a copy of it when others got it itself (XEP-0280). */
  copiedTo: readonly SessionId[] | undefined = undefined;
  /** The next hop may have it: an attempt has ended without an answer. */
  mayBeTaken = false;
  /** The error with which the next hop has refused it. */
  refusedAs: StanzaErrorCondition | undefined = undefined;
  /** What its sender gets in place of the ordinary error. */
  refusal: Stanza | undefined = undefined;
  /** The report that the transaction under way logs. */
  report: DueEvent | undefined = undefined;

  // The row, and what the store tells of it.
  peer: string | undefined = undefined;
  waiting: Waiting | undefined = undefined;
  isWritten = false;
  isCancelled = false;

  constructor(
    { replyTo, notice, via }: Origin,
    { owner, seq }: Place,
    stanza: Stanza,
    rules: RuleState | undefined,
    stage: Stage,
    row = NO_ROW,
  ) {
    this.owner = owner;
    this.seq = seq;
    this.stanza = stanza;
    this.via = via;
    this.replyTo = replyTo;
    this.timeline = replyTo?.timeline;
    // A timeline holds up nothing: it has the steps when they are true.
    const audience = replyTo?.to === undefined ? "none" : replyTo.waits ? "application" : "count";
    this.flight = { rules, audience, notice, forwarded: via.length > 0, row, stage };
  }

  get text(): string {
    return this.stanza.write();
  }
}

/** The stage of a message before it is known which sessions take it. */
export const UNOFFERED: Stage = { kind: "offered", to: [], onProof: undefined };

/** Nobody waits any more but the timeline, which knows that the message was accepted. */
function waitingReply({ timeline }: PendingMessage): ReplyTo | undefined {
  return timeline === undefined ? undefined : { to: undefined, ticket: 0, waits: false, timeline, isCounted: true };
}

/** A message as the store has kept it for its owner. */
export function fromRow(owner: string, row: PendingMessage): Tracked {
  const stanza = Stanza.parse(row.text);
  const notice = stanza.from?.local === "" && stanza.has("amp", NS.AMP);
  const rules = row.rules === undefined ? undefined : decodeState(row.rules);
  const place = { owner, seq: row.seq };
  const tracked = new Tracked({ replyTo: waitingReply(row), notice, via: [] }, place, stanza, rules, UNOFFERED, {
    log: "durable",
    waits: true,
    archived: row.archived,
    counted: true,
  });
  tracked.kept = row.archived;
  tracked.isStored = true;
  return tracked;
}
