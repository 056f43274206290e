/**
 * The expiry actor: one per server. Knows the earliest deadline of all waiting messages, wakes for it, and tells the
 * delivery actors of what is due (XEP-0079 section 3.3.2). A waiting message costs a row in the store and no timer.
 * @module
 */
import type { Deadline } from "../store/store.ts";
import { Jid } from "../xmpp/jid.ts";
import type { Node } from "./node.ts";
import type { ExpiryMessage } from "./protocol.ts";
import type { Actor, ActorRef } from "./runtime/mailbox.ts";

const PAGE = 200;
/** The longest sleep: a clock that was set is noticed within this time, and setTimeout cannot count further than 24 days. */
const MAX_SLEEP_MS = 60_000;
/** Rows that a delivery actor is at work on come again at the earliest after this. */
const RETRY_MS = 1000;

export class ExpiryActor implements Actor<ExpiryMessage> {
  readonly #node: () => Node;
  readonly #self: () => ActorRef<ExpiryMessage>;
  #wakeAt = Number.POSITIVE_INFINITY;
  #cancel: (() => void) | undefined;

  constructor(node: () => Node, self: () => ActorRef<ExpiryMessage>) {
    this.#node = node;
    this.#self = self;
  }

  receive(message: ExpiryMessage): void | Promise<void> {
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
    this.#cancel?.();
  }

  #sleepUntil(at: number): void {
    if (at >= this.#wakeAt) return;
    this.#wakeAt = at;
    this.#cancel?.();
    const sleep = Math.min(MAX_SLEEP_MS, Math.max(0, at - this.#node().now()));
    this.#cancel = this.#node().schedule(sleep, () => this.#self().tell({ kind: "due" }));
  }

  async #onDue(): Promise<void> {
    const node = this.#node();
    this.#wakeAt = Number.POSITIVE_INFINITY;
    try {
      const due = await node.database.due(node.now(), PAGE);
      for (const deadline of due) this.#tell(node, deadline);
      if (due.length > 0) return this.#sleepUntil(node.now() + RETRY_MS);
      const next = await node.database.nextDeadline();
      if (next !== undefined) this.#sleepUntil(next);
    } catch (error) {
      node.log.error("cannot read deadlines", { error });
      this.#sleepUntil(node.now() + RETRY_MS);
    }
  }

  #tell(node: Node, { owner, seq }: Deadline): void {
    node.user(Jid.parse(owner)).delivery.tell({ kind: "expire", seq });
  }
}
