/** How much of a queue each sender fills: one account must not keep others from a gateway, nor fill the disk. @module */
import type { Stanza } from "../../xmpp/stanza.ts";

/** Messages and bytes of one sender that may wait. A quarter of what is held in memory, so that others have room there. */
const MOST_MESSAGES = 250;
const MOST_BYTES = 16 * 1024 * 1024;

interface Share {
  messages: number;
  bytes: number;
}

export class QueueShares {
  readonly #shares = new Map<string, Share>();
  /** Of all senders. */
  readonly total: Share = { messages: 0, bytes: 0 };

  /** Whether no more of that sender may wait. The server itself, in whose name applications send, has no bound. */
  isFull({ from }: Stanza): boolean {
    const share = this.#shares.get(from!.bare.text);
    return share !== undefined && from!.local !== "" && (share.messages >= MOST_MESSAGES || share.bytes >= MOST_BYTES);
  }

  /** A message comes to wait (1), or waits no longer (-1). */
  count({ from, size }: Stanza, sign: 1 | -1): void {
    this.total.messages += sign;
    this.total.bytes += sign * size;
    const sender = from!.bare.text;
    const share = this.#shares.get(sender) ?? { messages: 0, bytes: 0 };
    share.messages += sign;
    share.bytes += sign * size;
    if (share.messages > 0) this.#shares.set(sender, share);
    else this.#shares.delete(sender);
  }
}
