/** Who in this process waits for an answer of an actor, by the ticket that the answer bears. @module */
import type { WaiterLetter } from "./address.ts";

type Take = (letter: WaiterLetter) => void;

export class Waiters {
  readonly #waiting = new Map<number, Take>();
  #last = 0;

  /** Returns the ticket. `take` hears every answer to it until remove(). */
  add(take: Take): number {
    this.#waiting.set(++this.#last, take);
    return this.#last;
  }

  remove(ticket: number): void {
    this.#waiting.delete(ticket);
  }

  /** Returns false where nobody waits any more. */
  take(letter: WaiterLetter): boolean {
    const take = this.#waiting.get(letter.ticket);
    take?.(letter);
    return take !== undefined;
  }
}
