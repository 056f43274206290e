/**
 * Who holds how much of what waits for one account. A sender has a share of it, and all strangers together have one that
 * does not count against others: a contact's message is never refused because of a stranger.
 * @module
 */
import type { SenderShare } from "../../store/store.ts";
import type { Jid } from "../../xmpp/jid.ts";

export interface OfflineLimits {
  /** Messages of all senders but strangers; the other bounds on messages are no higher than it. */
  readonly messages: number;
  /** Messages of one sender. */
  readonly fromSender: number;
  /** Messages of all strangers. */
  readonly fromStrangers: number;
  /** Bytes of all senders but strangers. */
  readonly bytes: number;
}

/** Bytes of one sender, and of all strangers, as a part of the bytes of all others. */
const SENDER_BYTES = 1 / 4;
const STRANGER_BYTES = 1 / 8;

/** Whom it waits for; `contacts` are the bare JIDs of the roster. */
export interface Recipient {
  readonly owner: Jid;
  readonly contacts: { has(bare: string): boolean };
}

interface Amount {
  messages: number;
  bytes: number;
}

export class OfflineShares {
  readonly #limits: OfflineLimits;
  readonly #senders = new Map<string, Amount>();
  readonly #all = nothing();
  /** Of those that are strangers to this recipient. */
  #strangers: Amount = nothing();
  #recipient: Recipient | undefined;

  constructor(limits: OfflineLimits, shares: Iterable<SenderShare> = []) {
    this.#limits = limits;
    for (const { sender, messages, bytes } of shares) this.#add(sender, { messages, bytes });
  }

  /** A message comes to wait (1), or waits no longer (-1). */
  count(sender: string, bytes: number, sign: 1 | -1): void {
    this.#add(sender, { messages: sign, bytes: sign * bytes });
  }

  /** Whether no more messages of that sender may wait. */
  isFull(from: Jid, recipient: Recipient): boolean {
    const { messages, fromSender, fromStrangers, bytes } = this.#limits;
    const sender = from.bare.text;
    const own = this.#senders.get(sender);
    const isOwnServer = from.local === "" && from.domain === recipient.owner.domain;
    if (own !== undefined && !isOwnServer && reaches(own, Math.min(fromSender, messages), bytes * SENDER_BYTES)) {
      return true;
    }
    this.#know(recipient);
    const strangers = this.#strangers;
    if (isStranger(sender, recipient))
      return reaches(strangers, Math.min(fromStrangers, messages), bytes * STRANGER_BYTES);
    const others = { messages: this.#all.messages - strangers.messages, bytes: this.#all.bytes - strangers.bytes };
    return reaches(others, messages, bytes);
  }

  #add(sender: string, more: Amount): void {
    const known = this.#senders.get(sender) ?? nothing();
    const messages = Math.max(0, known.messages + more.messages);
    const bytes = messages === 0 ? 0 : Math.max(0, known.bytes + more.bytes);
    const change = { messages: messages - known.messages, bytes: bytes - known.bytes };
    if (messages === 0) this.#senders.delete(sender);
    else this.#senders.set(sender, { messages, bytes });
    grow(this.#all, change);
    if (this.#recipient !== undefined && isStranger(sender, this.#recipient)) grow(this.#strangers, change);
  }

  /** Strangers are counted anew where the roster is another. */
  #know(recipient: Recipient): void {
    if (this.#recipient?.contacts === recipient.contacts) return;
    this.#recipient = recipient;
    this.#strangers = nothing();
    for (const [sender, amount] of this.#senders) if (isStranger(sender, recipient)) grow(this.#strangers, amount);
  }
}

/** The account has not put it on its roster. `sender`: a bare JID. Servers are no strangers: they tell what became of messages. */
export function isStranger(sender: string, { owner, contacts }: Recipient): boolean {
  return sender.includes("@") && sender !== owner.text && !contacts.has(sender);
}

function reaches(amount: Amount, messages: number, bytes: number): boolean {
  return amount.messages >= messages || amount.bytes >= bytes;
}

function grow(amount: Amount, more: Amount): void {
  amount.messages += more.messages;
  amount.bytes += more.bytes;
}

function nothing(): Amount {
  return { messages: 0, bytes: 0 };
}
