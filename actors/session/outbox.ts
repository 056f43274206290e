/**
 * Sent stanzas without proof of receipt. With XEP-0198 every stanza is kept for resumption and counted; without it only
 * the numbers of tracked messages are kept.
 * @module
 */
import type { Stanza } from "../../xmpp/stanza.ts";

const NONE: readonly number[] = [];

export class Outbox {
  #seqs: number[] = [];
  /** Negative for those of strangers. */
  #sizes: number[] = [];
  #stanzas: Stanza[] | undefined;
  /** Sent before counting began; any acknowledgement covers them, since the stream is ordered. */
  #uncounted: readonly number[] = NONE;
  #revoked: Set<number> | undefined;
  /** When messages must not be sent again any more, milliseconds since 1970. */
  #deadlines: Map<number, number> | undefined;
  #bytes = 0;
  #strangers = 0;
  #strangerBytes = 0;
  #tracked = 0;
  /** Stanzas that the peer has acknowledged, modulo 2^32 (XEP-0198 section 4). */
  #acknowledged = 0;
  /** How many entries the outstanding probe covers. */
  #probed = 0;

  /** Counts and keeps every stanza from now on; `count` is where counting begins. */
  enable(count = 0): void {
    this.#acknowledged = count;
    this.#uncounted = this.#remove(this.#seqs.length);
    this.#tracked = this.#uncounted.length;
    this.#stanzas = [];
  }

  get managed(): boolean {
    return this.#stanzas !== undefined;
  }

  get length(): number {
    return this.#seqs.length;
  }

  /** Messages among the entries that wait for proof. */
  get tracked(): number {
    return this.#tracked;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Entries of senders whom the account does not know. */
  get strangers(): number {
    return this.#strangers;
  }

  /** Their part of `bytes`. */
  get strangerBytes(): number {
    return this.#strangerBytes;
  }

  add(stanza: Stanza, seq: number, isStranger = false): void {
    if (seq > 0) this.#tracked++;
    else if (this.#stanzas === undefined) return;
    this.#seqs.push(seq);
    const size = isStranger ? -stanza.size : stanza.size;
    this.#sizes.push(size);
    this.#count(size, 1);
    this.#stanzas?.push(stanza);
  }

  /** A probe goes out now: it covers all that was sent so far. */
  probe(): void {
    this.#probed = this.#seqs.length;
  }

  /** The probe was answered. Returns the messages that it proves. */
  proved(): readonly number[] {
    return this.#stanzas === undefined ? this.#remove(this.#probed) : NONE;
  }

  /** XEP-0198 `h`. Returns the messages proved by it, or undefined where it counts more than was sent. */
  acknowledge(h: number): readonly number[] | undefined {
    const count = (h - this.#acknowledged) >>> 0;
    if (count > this.#seqs.length) return undefined;
    this.#acknowledged = h >>> 0;
    return this.#withUncounted(this.#remove(count));
  }

  /** For the error of section 4: how many stanzas were sent. */
  get sentCount(): number {
    return (this.#acknowledged + this.#seqs.length) >>> 0;
  }

  /** The stanzas that a resumed stream sends again, in order. */
  unacknowledged(): readonly Stanza[] {
    return this.#stanzas ?? [];
  }

  /** The messages without proof at the end of the session, in order. */
  drain(): readonly number[] {
    return this.#withUncounted(this.#remove(this.#seqs.length));
  }

  /** After that time, milliseconds since 1970, this message must not be sent again. */
  expireAt(seq: number, time: number): void {
    this.#deadlines ??= new Map();
    this.#deadlines.set(seq, time);
  }

  /** Revokes what has expired; returns which messages. */
  revokeExpired(now: number): readonly number[] {
    const late: number[] = [];
    for (const [seq, time] of this.#deadlines ?? []) if (time <= now) late.push(seq);
    for (const seq of late) this.revoke(seq);
    return late;
  }

  /** This message must not be sent again when the stream resumes. */
  revoke(seq: number): void {
    // Without resumption nothing is sent again.
    if (this.#stanzas === undefined) return;
    this.#revoked ??= new Set();
    this.#revoked.add(seq);
  }

  /**
   * Removes revoked messages. Only right after the acknowledgement of a resumption: the remaining stanzas were not
   * received, so the peer's count continues without the removed ones (XEP-0198 section 5).
   */
  dropRevoked(): void {
    const revoked = this.#revoked;
    if (revoked === undefined || this.#stanzas === undefined) return;
    this.#revoked = undefined;
    for (const seq of revoked) this.#deadlines?.delete(seq);
    const kept = this.#seqs.map((seq) => seq === 0 || !revoked.has(seq));
    this.#stanzas = this.#stanzas.filter((_, at) => kept[at]);
    this.#sizes = this.#sizes.filter((_, at) => kept[at]);
    this.#seqs = this.#seqs.filter((_, at) => kept[at]);
    this.#bytes = 0;
    this.#strangers = 0;
    this.#strangerBytes = 0;
    for (const size of this.#sizes) this.#count(size, 1);
    this.#tracked = this.#seqs.filter((seq) => seq > 0).length + this.#uncounted.length;
    this.#probed = 0;
  }

  /** Counts an added (1) or removed (-1) entry; `size` as in #sizes. */
  #count(size: number, sign: 1 | -1): void {
    this.#bytes += sign * Math.abs(size);
    if (size >= 0) return;
    this.#strangers += sign;
    this.#strangerBytes -= sign * size;
  }

  #withUncounted(counted: readonly number[]): readonly number[] {
    if (this.#uncounted.length === 0) return counted;
    const all = [...this.#uncounted, ...counted];
    this.#tracked -= this.#uncounted.length;
    this.#uncounted = NONE;
    return all;
  }

  #remove(count: number): readonly number[] {
    if (count === 0) return NONE;
    const gone = this.#seqs.splice(0, count);
    if (this.#deadlines !== undefined) for (const seq of gone) this.#deadlines.delete(seq);
    for (const size of this.#sizes.splice(0, count)) this.#count(size, -1);
    this.#probed = Math.max(0, this.#probed - count);
    if (this.#stanzas === undefined) {
      this.#tracked -= count;
      return gone;
    }
    this.#stanzas.splice(0, count);
    const tracked = gone.filter((seq) => seq > 0);
    this.#tracked -= tracked.length;
    return tracked;
  }
}
