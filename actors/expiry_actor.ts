/**
 * The expiry actor: one per server. Knows the earliest deadline of all waiting messages, wakes for it, and tells the
 * delivery actors of what is due (XEP-0079 section 3.3.2). A waiting message costs a row in the store and no timer.
 *
 * What is due is read in pages, one pass after another from the earliest on. A row stays due until delivery has handled
 * it. A row that a live session may still prove is read again with every pass and does not delay the others.
 * @module
 */
import type { Deadline } from "../store/store.ts";
import { Jid } from "../xmpp/jid.ts";
import type { Node } from "./node.ts";
import type { Actor, ActorRef } from "./runtime/mailbox.ts";

const PAGE = 200;
/** Pause between two pages of one pass, in which the delivery actors handle the first page. */
const PAGE_MS = 20;
/** Pause between two passes while rows are due. */
const PASS_MS = 1000;
/** The longest sleep: a changed clock is noticed within this time, and setTimeout is limited to 24 days. */
const MAX_SLEEP_MS = 60_000;

export type ExpiryLetter =
  /** A row with this deadline was committed, or may have been. */
  { readonly kind: "deadline"; readonly at: number } | { readonly kind: "due" };

export class ExpiryActor implements Actor<ExpiryLetter> {
  readonly #node: () => Node;
  readonly #self: () => ActorRef<ExpiryLetter>;
  #wakeAt = Number.POSITIVE_INFINITY;
  #cancel: (() => void) | undefined;
  #isStopped = false;
  /** The start of the next page of this pass. */
  #after: Deadline | undefined;

  constructor(node: () => Node, self: () => ActorRef<ExpiryLetter>) {
    this.#node = node;
    this.#self = self;
  }

  receive(message: ExpiryLetter): void | Promise<void> {
    switch (message.kind) {
      case "deadline":
        return this.#sleepUntil(message.at);
      case "due":
        return this.#onDue();
      default:
        message satisfies never;
    }
  }

  stopped(): void {
    this.#isStopped = true;
    this.#cancel?.();
  }

  #sleepUntil(at: number): void {
    // A timer that a pending read sets after the end would keep the process alive.
    if (this.#isStopped || at >= this.#wakeAt) return;
    this.#wakeAt = at;
    this.#cancel?.();
    const sleep = Math.min(MAX_SLEEP_MS, Math.max(0, at - this.#node().now()));
    this.#cancel = this.#node().schedule(sleep, () => this.#self().tell({ kind: "due" }));
  }

  async #onDue(): Promise<void> {
    const node = this.#node();
    this.#cancel?.();
    this.#wakeAt = Number.POSITIVE_INFINITY;
    try {
      this.#sleepUntil(await this.#readPage(node, node.now()));
    } catch (error) {
      node.log.error("cannot read deadlines", { error });
      this.#after = undefined;
      this.#sleepUntil(node.now() + PASS_MS);
    }
  }

  /** Handles one page; returns the time of the next read. */
  async #readPage(node: Node, now: number): Promise<number> {
    const due = await node.database.due(now, PAGE, this.#after);
    for (const deadline of due) tell(node, deadline);
    const wasAnyDue = due.length > 0 || this.#after !== undefined;
    this.#after = due.length === PAGE ? due.at(-1) : undefined;
    if (this.#after !== undefined) return now + PAGE_MS;
    const next = (await node.database.nextDeadline(now)) ?? Number.POSITIVE_INFINITY;
    return wasAnyDue ? Math.min(next, now + PASS_MS) : next;
  }
}

function tell(node: Node, { owner, seq }: Deadline): void {
  const jid = Jid.parse(owner);
  if (jid.local === "") node.send({ kind: "hop", domain: jid.domain }, { kind: "expire", seq });
  else node.send({ kind: "delivery", jid }, { kind: "expire", seq });
}
