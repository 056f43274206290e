import { lowerBound } from "../../store/sequence.ts";
import type { SessionRef } from "../protocol.ts";

/**
 * Rows that sessions have and have not proved. A client that proves nothing may have very many: as plain numbers, in
 * ascending order, they are nothing that the garbage collector has to look through again and again.
 */
export class OfferedRows {
  readonly #bySession = new Map<SessionRef, number[]>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** All of them, of each session in order. */
  get seqs(): readonly number[] {
    return [...this.#bySession.values()].flat();
  }

  add(seq: number, session: SessionRef): void {
    const seqs = this.#bySession.get(session);
    this.#size++;
    if (seqs === undefined) this.#bySession.set(session, [seq]);
    else if (seqs[seqs.length - 1]! < seq) seqs.push(seq);
    else seqs.splice(lowerBound(seqs, seq), 0, seq);
  }

  /** The session that may prove it. */
  takerOf(seq: number): SessionRef | undefined {
    for (const [session, seqs] of this.#bySession) if (seqs[lowerBound(seqs, seq)] === seq) return session;
    return undefined;
  }

  /** Returns whether it was there. */
  delete(seq: number): boolean {
    for (const [session, seqs] of this.#bySession) {
      const at = lowerBound(seqs, seq);
      if (seqs[at] !== seq) continue;
      this.#size--;
      seqs.splice(at, 1);
      if (seqs.length === 0) this.#bySession.delete(session);
      return true;
    }
    return false;
  }

  /** All that this session has, in order; it has none any more. */
  take(session: SessionRef): readonly number[] {
    const seqs = this.#bySession.get(session) ?? [];
    this.#bySession.delete(session);
    this.#size -= seqs.length;
    return seqs;
  }
}
