/**
 * Who carries letters to addresses. A letter is data: it survives being written down and read in another process, so it holds no
 * functions, no refs and no connections.
 * @module
 */
import type { Outcome } from "../amp/outcome.ts";
import type { Address, DirectoryLetter, ReplyTo, WaiterLetter } from "./address.ts";
import type { DeliveryLetter } from "./delivery/delivery_letter.ts";
import type { HopLetter } from "./hop/hop_letter.ts";
import type { SessionLetter } from "./session/session_letter.ts";
import type { UserLetter } from "./user/user_letter.ts";

/** What each kind of address takes. */
export interface Letters {
  readonly session: SessionLetter;
  readonly user: UserLetter;
  readonly delivery: DeliveryLetter;
  readonly directory: DirectoryLetter;
  readonly hop: HopLetter;
  readonly waiter: WaiterLetter;
}

export interface Post {
  send<Kind extends keyof Letters>(to: Extract<Address, { readonly kind: Kind }>, letter: Letters[Kind]): void;
}

export function tellAccepted(post: Post, replyTo: ReplyTo | undefined): void {
  if (replyTo !== undefined) post.send(replyTo.to, { kind: "accepted", ticket: replyTo.ticket });
}

export function tellOutcome(post: Post, replyTo: ReplyTo | undefined, outcome: Outcome): void {
  if (replyTo === undefined || replyTo.to.kind === "session") return;
  post.send(replyTo.to, { kind: "outcome", ticket: replyTo.ticket, outcome });
}

/** The end of a message that nobody answers for any more. */
export function finish(post: Post, replyTo: ReplyTo | undefined, outcome: Outcome | undefined): void {
  if (outcome !== undefined) tellOutcome(post, replyTo, outcome);
  tellAccepted(post, replyTo);
}
