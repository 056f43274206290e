/** Who in this process waits for an answer of an actor, by the ticket that the answer bears. @module */
import type { WaiterLetter } from "./address.ts";

type Take = (letter: WaiterLetter) => void;

export class Waiters {
  readonly #waiting = new Map<number, Take>();
  readonly #ended = new Map<number, () => void>();
  #last = 0;

  /** Returns the ticket. `take` hears every answer to it until remove(); `ended`: none comes any more. */
  add(take: Take, ended?: () => void): number {
    this.#waiting.set(++this.#last, take);
    if (ended !== undefined) this.#ended.set(this.#last, ended);
    return this.#last;
  }

  remove(ticket: number): void {
    this.#waiting.delete(ticket);
    this.#ended.delete(ticket);
  }

  /** The process stops. */
  end(): void {
    const ended = [...this.#ended.values()];
    this.#waiting.clear();
    this.#ended.clear();
    for (const tell of ended) tell();
  }

  /** Returns false where nobody waits any more. */
  take(letter: WaiterLetter): boolean {
    const take = this.#waiting.get(letter.ticket);
    take?.(letter);
    return take !== undefined;
  }
}
