/** A message that delivery is answerable for: it has neither been proved received nor come to rest. @module */
import type { Met } from "../../amp/evaluate.ts";
import type { RuleState } from "../../amp/rule_state.ts";
import type { Jid } from "../../xmpp/jid.ts";
import type { Stanza } from "../../xmpp/stanza.ts";
import type { Receipt, SessionRef } from "../protocol.ts";
import type { Ending } from "./ending.ts";

export interface InFlight {
  readonly seq: number;
  /** As it was sent, with the sender's full JID and the address as it was written; without `<amp/>` and `<stanza-id/>`. */
  readonly stanza: Stanza;
  rules: RuleState | undefined;
  receipt: Receipt | undefined;
  /** An AMP event of the server's own. */
  readonly notice: boolean;
  /** The forwarding accounts that it came through. */
  readonly via: readonly Jid[];
  /** Its rows in the log, of whatever kind: none, on their way to the store, or committed. */
  log: "none" | "queued" | "durable";
  /** One of these rows is, or will be, among those that wait for the recipient. */
  waits: boolean;
  /** One of these rows is an archive's. */
  archived: boolean;
  /** The recipient's own archive has it, or will. */
  kept: boolean;
  /** It counts among the stored messages of its recipient. */
  counted: boolean;
  /**
   * `live`: sessions may prove its receipt. `proved`: one has, and the archive's commit is awaited. `handing`: the
   * forwarding address has not answered yet. `resting`, `ending`: the commit decides.
   */
  phase: "live" | "proved" | "handing" | "resting" | "ending";
  /** Sessions that may still prove its receipt. */
  targets: SessionRef[];
  /** The `notify` rule that fires on proof of receipt, or when the message has been handed over. */
  onProof: Met | undefined;
  ending: Ending | undefined;
}
