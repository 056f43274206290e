/** What the delivery actor is told. @module */
import type { RuleState } from "../../amp/rule_state.ts";
import type { Proof } from "../../outcomes/step.ts";
import type { StoreFault } from "../../store/store.ts";
import type { Jid } from "../../xmpp/jid.ts";
import type { Stanza } from "../../xmpp/stanza.ts";
import type { Answer, ReplyTo, SessionId } from "../address.ts";
import type { Profile } from "../profile.ts";
import type { ActorRef } from "../runtime/mailbox.ts";
import type { CommitNews } from "../store_letter.ts";

/** How a stanza comes to whoever takes it for its recipient. */
export interface Envelope {
  readonly kind: "stanza";
  readonly stanza: Stanza;
  readonly replyTo: ReplyTo | undefined;
  /** An AMP event of the server's: goes on to the bare JID when the resource is gone, is not archived, not copied. */
  readonly notice: boolean;
  /** The log already holds it, waiting, under this number; 0: not yet. */
  readonly seq: number;
  /** The forwarding accounts that it has come through; who sent it on learns the outcome, the sender no error. */
  readonly via: readonly Jid[];
  /** Its undecided rules, where an earlier hop has read them. */
  readonly rules: RuleState | undefined;
}

/** The transaction of an ending is committed, or has failed. */
export interface Done {
  readonly kind: "done";
  readonly seq: number;
  /** Which transaction of the message it was, counted from 1. */
  readonly commit: number;
  readonly fault: StoreFault | undefined;
}

export type DeliveryLetter =
  | Envelope
  /** What would become of it? `forward`: its forwarding address has not refused it. */
  | { readonly kind: "explain"; readonly envelope: Envelope; readonly forward: boolean }
  | { readonly kind: "profile"; readonly profile: Profile }
  /**
   * A message or an IQ that the account itself sends. `session`: from whose client it comes; undefined: the application sends
   * it in the account's name.
   */
  | {
      readonly kind: "outgoing";
      readonly stanza: Stanza;
      readonly session: SessionId | undefined;
      readonly replyTo: ReplyTo | undefined;
    }
  /** The user actor is done with a subscription stanza or a probe. */
  | { readonly kind: "applied" }
  /** Unproved messages that this session will not send again, because their time is over. */
  | { readonly kind: "late"; readonly seqs: readonly number[]; readonly session: SessionId }
  | { readonly kind: "proved"; readonly seqs: readonly number[]; readonly resource: string; readonly by: Proof }
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
  | CommitNews
  /**
   * A resource is ready for what waits; `comes`: it has just become so. `seenUntil`: it has read its archive up to there (no
   * second copy).
   */
  | { readonly kind: "flush"; readonly seenUntil: number; readonly comes?: boolean }
  /** A session of the account has lost its connection, and waits to be resumed. */
  | { readonly kind: "detached" }
  /** A deadline of a waiting message has passed. */
  | { readonly kind: "expire"; readonly seq: number }
  | Done
  /** What the forwarding address made of the message of that number. */
  | Answer
  /** No session took this message after all. */
  | { readonly kind: "again"; readonly seq: number };

export type DeliveryRef = ActorRef<DeliveryLetter>;
