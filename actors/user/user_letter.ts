/** What the user actor is told. @module */
import type { StreamError } from "../../xmpp/errors.ts";
import type { Jid } from "../../xmpp/jid.ts";
import type { Stanza } from "../../xmpp/stanza.ts";
import type { ReplyTo, SessionId } from "../address.ts";

export type UserLetter =
  /** A stream wants a resource. The answer is `bound` or `unbound`. */
  | {
      readonly kind: "bind";
      readonly session: SessionId;
      /** As the client asked for it, not yet prepared; undefined: the server chooses. */
      readonly resource: string | undefined;
      /** Names the client's installation (XEP-0386 section 3.2): an earlier session of the same client ends. */
      readonly client: string | undefined;
      /** Marks that the resource has from the start. */
      readonly marks: readonly string[];
      readonly replyTo: Pick<ReplyTo, "to" | "ticket"> & { readonly to: { readonly kind: "waiter" } };
    }
  /** Presence of any type that one of the user's own resources sent. */
  | { readonly kind: "presence"; readonly resource: string; readonly stanza: Stanza }
  /** A probe or a subscription stanza of another entity, or presence that follows one. */
  | { readonly kind: "inbound"; readonly stanza: Stanza }
  /** Presence of another entity was sent to the resources. */
  | { readonly kind: "shown"; readonly stanza: Stanza }
  /** An IQ get or set to the account's bare JID. */
  | { readonly kind: "iq"; readonly stanza: Stanza }
  /**
   * A session is over; `unproved` are the messages whose receipt it could not prove, in order. `ignored`: its client ended it
   * in order, and had left a request for proof unanswered.
   */
  | {
      readonly kind: "ended";
      readonly resource: string;
      readonly session: SessionId;
      readonly unproved: readonly number[];
      readonly ignored: boolean;
    }
  /** The account's forwarding address has changed. */
  | { readonly kind: "forward"; readonly to: Jid | undefined }
  /** Ends all sessions of the account, but that of the resource `except`. */
  | { readonly kind: "end"; readonly error: StreamError; readonly except?: string | undefined }
  /** There is no such account any more: nothing may wait for it, and its sessions end. */
  | { readonly kind: "removed" };

/** Presence that the account acts upon, and tells its DeliveryActor when that is done (`applied`). */
export function isApplied({ type }: Stanza): boolean {
  return type !== undefined && type !== "unavailable";
}
