/**
 * Gathers what connections have to send: whatever the events of one turn of the event loop have produced leaves
 * together, one write for each connection, because a write costs far more than the text in it.
 * @module
 */

/**
 * How much may wait in this process for one peer, in bytes or UTF-16 units: who does not read gets no more. What a
 * session bounds by itself are messages without proof; this bounds the answers and presence that nobody waits for, too.
 */
export const MAX_BACKLOG = 16 * 1_048_576;

export interface Flushable {
  flush(): void;
}

export class Outflow {
  #waiting: Flushable[] = [];

  /** Flushes the connection once, after the events at hand. */
  add(connection: Flushable): void {
    if (this.#waiting.push(connection) === 1) setImmediate(this.#flushAll);
  }

  readonly #flushAll = (): void => {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const connection of waiting) connection.flush();
  };
}
