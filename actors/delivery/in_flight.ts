/** A message that delivery is answerable for: it has neither been proved received nor come to rest. @module */
import type { Met } from "../../amp/evaluate.ts";
import type { RuleState } from "../../amp/rule_state.ts";
import type { Stanza } from "../../xmpp/stanza.ts";
import type { Receipt } from "../protocol.ts";

/** An event that goes out when the commit that makes it true is there; it is in the log already, under `seq`. */
export interface DueEvent {
  readonly stanza: Stanza;
  readonly seq: number;
}

export interface InFlight {
  readonly seq: number;
  /** As it was sent, with the sender's full JID and the address as it was written; without `<amp/>` and `<stanza-id/>`. */
  readonly stanza: Stanza;
  rules: RuleState | undefined;
  receipt: Receipt | undefined;
  /** An AMP event of the server's own. */
  readonly notice: boolean;
  /** Its row among those that wait: none, on its way to the store, or committed. */
  row: "none" | "queued" | "durable";
  /** It counts among the stored messages of its recipient. */
  readonly counted: boolean;
  /** Sessions that may still prove its receipt. */
  targets: number;
  /** The `notify` rule that fires on proof of receipt. */
  onProof: Met | undefined;
  /** What to send when the row is committed. */
  onCommit: DueEvent | undefined;
  /** It has come to rest in storage and stays here only until the commit. */
  resting: boolean;
}
