/**
 * A message that delivery is answerable for: it has neither been proved received nor come to rest. It is its own row for the
 * log, so that a message costs one object, and its text is written when a commit takes the row: most rows of messages that
 * are received at once never are.
 * @module
 */
import type { Met } from "../../amp/evaluate.ts";
import type { RuleState } from "../../amp/rule_state.ts";
import { type ArchiveEntry, type NewMessage, NO_ENTRIES, type PendingEntry } from "../../store/store.ts";
import type { Jid } from "../../xmpp/jid.ts";
import type { Stanza } from "../../xmpp/stanza.ts";
import type { Receipt, ResourceEntry, SessionRef } from "../protocol.ts";
import type { Ending } from "./ending.ts";

/** What is known of a message besides its text and its rules. */
export interface Origin {
  readonly receipt: Receipt | undefined;
  /** An AMP event of the server's own. */
  readonly notice: boolean;
  /** The forwarding accounts that it came through. */
  readonly via: readonly Jid[];
}

/**
 * `live`: sessions may prove its receipt. `proved`: one has, and the archive's commit is awaited. `handing`: the
 * forwarding address has not answered yet. `resting`, `ending`: the commit decides.
 */
export type Phase = "live" | "proved" | "handing" | "resting" | "ending";

const NO_SESSIONS: readonly SessionRef[] = [];

export class InFlight implements NewMessage, Origin {
  readonly seq: number;
  /** As it was sent, with the sender's full JID and the address as it was written; without `<amp/>` and `<stanza-id/>`. */
  readonly stanza: Stanza;
  rules: RuleState | undefined;
  receipt: Receipt | undefined;
  readonly notice: boolean;
  readonly via: readonly Jid[];
  phase: Phase;
  /** Its rows in the log, of whatever kind: none, on their way to the store, or committed. */
  log: "none" | "queued" | "durable" = "none";
  /** The rows that it was first given; what becomes of them is told below. */
  archive: readonly ArchiveEntry[] = NO_ENTRIES;
  pending: PendingEntry | undefined = undefined;
  /** One of its rows is, or will be, among those that wait for the recipient. */
  waits = false;
  /** One of its rows is an archive's. */
  archived = false;
  /** The recipient's own archive has it, or will. */
  kept = false;
  /** More than one session may prove it, since one without a connection held it when another came. */
  isShared = false;
  /** It counts among the stored messages of its recipient. */
  counted = false;
  /** Sessions that may still prove its receipt. */
  targets = NO_SESSIONS;
  /** The `notify` rule that fires on proof of receipt, or when the message has been handed over. */
  onProof: Met | undefined = undefined;
  ending: Ending | undefined = undefined;

  constructor(
    { receipt, notice, via }: Origin,
    seq: number,
    stanza: Stanza,
    rules: RuleState | undefined,
    phase: Phase,
  ) {
    this.seq = seq;
    this.stanza = stanza;
    this.rules = rules;
    this.receipt = receipt;
    this.notice = notice;
    this.via = via;
    this.phase = phase;
  }

  /** For the log. */
  get text(): string {
    return this.stanza.write();
  }

  /** The session of that resource may prove its receipt. */
  sentTo({ ref, refs }: ResourceEntry): void {
    this.targets = this.targets.length === 0 ? refs : [...this.targets, ref];
  }

  /** That session will not prove it any more. Returns whether it could have. */
  lostBy(session: SessionRef): boolean {
    if (!this.targets.includes(session)) return false;
    this.targets = this.targets.filter((target) => target !== session);
    return true;
  }
}
