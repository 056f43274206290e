/**
 * Who carries letters to addresses. A letter is data: it survives being written down and read in another process, so it holds no
 * functions, no refs and no connections.
 * @module
 */
import type { Outcome } from "../amp/outcome.ts";
import type { Step } from "../outcomes/step.ts";
import type { StanzaErrorCondition } from "../xmpp/errors.ts";
import type { Address, DirectoryLetter, ReplyTo, WaiterLetter } from "./address.ts";
import type { DeliveryLetter, Envelope } from "./delivery/delivery_letter.ts";
import type { Finding } from "./finding.ts";
import type { HopLetter } from "./hop/hop_letter.ts";
import type { SessionLetter } from "./session/session_letter.ts";
import type { Timelines } from "./timelines.ts";
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

/** Who may tell what became of a message. */
export interface Teller extends Post {
  readonly timelines: Timelines;
}

/** The message is durable, or has ended. */
export function tellAccepted(teller: Teller, replyTo: ReplyTo | undefined): void {
  if (replyTo === undefined) return;
  const { timeline, isCounted, waits } = replyTo;
  if (timeline === undefined || isCounted === true) return sendAccepted(teller, replyTo);
  teller.timelines.note(timeline, [{ kind: "accepted" }], () => sendAccepted(teller, replyTo), waits);
}

/** The same without the timeline. The sender's side of a message has answered, or the recipient's. */
export function sendAccepted(post: Post, { to, ticket }: ReplyTo, side: "sender" | "recipient" = "recipient"): void {
  if (to !== undefined) post.send(to, { kind: "accepted", ticket, side });
}

/** An outcome that is true now; nothing else follows unless it is `stored`. */
export function tellOutcome(teller: Teller, replyTo: ReplyTo | undefined, outcome: Outcome): void {
  if (replyTo === undefined) return;
  const { timeline, waits } = replyTo;
  if (timeline === undefined) return sendOutcome(teller, replyTo, outcome);
  const steps = lastSteps(replyTo, outcome, outcome.kind !== "stored");
  teller.timelines.note(timeline, steps, () => sendOutcome(teller, replyTo, outcome), waits);
}

function sendOutcome(post: Post, { to, ticket }: ReplyTo, outcome: Outcome): void {
  if (to !== undefined && to.kind !== "session") post.send(to, { kind: "outcome", ticket, outcome });
}

/** Nobody answers for the message here any more; `isLast`: it waits nowhere. Told after the steps that say so. */
export function finish(
  teller: Teller,
  replyTo: ReplyTo | undefined,
  outcome: Outcome | undefined,
  isLast = outcome?.kind !== "stored",
): void {
  if (replyTo === undefined) return;
  const { timeline, waits } = replyTo;
  const told = () => tellFinished(teller, replyTo, outcome);
  const steps = timeline === undefined ? NOTHING : lastSteps(replyTo, outcome, isLast);
  if (timeline === undefined || steps.length === 0) return told();
  teller.timelines.note(timeline, steps, told, waits);
}

/** The same, for who has written its steps already. */
export function tellFinished(post: Post, replyTo: ReplyTo | undefined, outcome: Outcome | undefined): void {
  if (replyTo === undefined) return;
  if (outcome !== undefined) sendOutcome(post, replyTo, outcome);
  sendAccepted(post, replyTo);
}

/** To who asked what would become of it. */
export function tellFinding(post: Post, { replyTo }: Envelope, finding: Finding): void {
  if (replyTo?.to?.kind === "waiter") post.send(replyTo.to, { kind: "explained", ticket: replyTo.ticket, finding });
}

/** The server does not take the message: its sender has got this error. */
export function tellRefused(teller: Teller, replyTo: ReplyTo | undefined, condition: StanzaErrorCondition): void {
  if (replyTo === undefined) return;
  const outcome: Outcome = { kind: "none", condition };
  const told = () => tellFinished(teller, replyTo, outcome);
  const { timeline, waits } = replyTo;
  if (timeline === undefined) return told();
  teller.timelines.note(
    timeline,
    [
      { kind: "refused", condition },
      { kind: "settled", outcome },
    ],
    told,
    waits,
  );
}

const NOTHING: readonly Step[] = [];

/** What a timeline ends with. */
export function lastSteps(
  { isCounted }: Pick<ReplyTo, "isCounted">,
  outcome: Outcome | undefined,
  isLast: boolean,
): readonly Step[] {
  const steps: Step[] = [];
  if (outcome !== undefined && "rule" in outcome && outcome.rule !== undefined) {
    steps.push({ kind: "ruled", rule: outcome.rule });
  }
  if (isCounted !== true) steps.push({ kind: "accepted" });
  // Told before, where the message has waited since.
  if (outcome?.kind === "stored" && !(isLast && isCounted === true)) steps.push({ kind: "stored" });
  if (outcome !== undefined && isLast) steps.push({ kind: "settled", outcome });
  return steps;
}
