/**
 * Messages that a destination has taken and not finished. The count of its sender's stream (XEP-0198) waits for each, so that
 * one that is never finished would hold it, and all that it counts after, for ever.
 * @module
 */
import type { Log } from "../xmpp/log.ts";
import type { ReplyTo } from "./address.ts";
import type { Envelope } from "./delivery/delivery_letter.ts";

/** How long a count waits. */
const WAIT_MS = 60_000;

export interface HandedStart {
  readonly log: Log;
  schedule(ms: number, task: () => void): () => void;
  /** The count waits for this message no longer. */
  accepted(replyTo: ReplyTo): void;
}

export class HandedMessages {
  readonly #start: HandedStart;
  /** Undefined: it is being handed over. */
  readonly #open = new Map<ReplyTo, (() => void) | undefined>();

  constructor(start: HandedStart) {
    this.#start = start;
  }

  get size(): number {
    return this.#open.size;
  }

  /** Hands it over by `give`. Most are finished, or in a queue, when that returns. */
  hand(envelope: Envelope, give: () => void): void {
    const { replyTo } = envelope;
    if (replyTo?.to?.kind !== "session") return give();
    this.#open.set(replyTo, undefined);
    give();
    if (!this.#open.has(replyTo)) return;
    this.#open.set(
      replyTo,
      this.#start.schedule(WAIT_MS, () => this.#giveUp(envelope, replyTo)),
    );
  }

  /** It is finished, or in a queue that tells by itself. */
  remove({ replyTo }: Envelope): void {
    if (replyTo === undefined) return;
    this.#open.get(replyTo)?.();
    this.#open.delete(replyTo);
  }

  stop(): void {
    for (const cancel of this.#open.values()) cancel?.();
    this.#open.clear();
  }

  /** The destination answers for it; what it tells later is told as ever. */
  #giveUp({ stanza: { to, id } }: Envelope, replyTo: ReplyTo): void {
    this.#open.delete(replyTo);
    this.#start.log.error("destination has not finished message", { domain: to!.domain, stanza: id });
    this.#start.accepted(replyTo);
  }
}
