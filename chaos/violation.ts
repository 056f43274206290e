/** What the checker finds. @module */

export type ViolationKind =
  | "lost"
  | "false-direct"
  | "false-stored"
  | "bounced"
  | "fired-twice"
  | "duplicate"
  | "stanza-id"
  | "order"
  | "misdelivered"
  | "late"
  | "unreported"
  | "wrong-h"
  | "untracked"
  | "unsettled"
  | "settled-twice"
  | "false-step"
  | "unseen"
  | "sent-twice"
  | "unsent"
  /** The server's log has a failure. */
  | "server-error";

export interface Violation {
  readonly kind: ViolationKind;
  /** The ids of the messages concerned. */
  readonly messages: readonly string[];
  readonly text: string;
}

export interface CheckLimits {
  /** Within this time a live client's acknowledgement reaches the server, and its result the disk. */
  readonly proofMs: number;
  /** How long after its deadline a message may still come. */
  readonly lateMs: number;
  /** Between servers a message that arrived just before a kill may come again, as another one. */
  readonly repeatsAfterKill: boolean;
}

export const CHECK_LIMITS: CheckLimits = { proofMs: 3000, lateMs: 2500, repeatsAfterKill: false };
