/**
 * The scheduler: runs mailboxes that have something to do, in turn, within the turn of the event that woke the first.
 * No promise and no timer stand between a message and its handling.
 * @module
 */

export interface Runnable {
  run(bound: number): number;
}

/** Who has something to do when the turn ends. */
export interface TurnEnd {
  turnEnded(): void;
}

/** How many messages one mailbox may handle before the next has its turn, and how many a turn may take before I/O has its. */
const MAILBOX_BOUND = 32;
const TURN_BOUND = 2000;

export class Scheduler {
  #ready: Runnable[] = [];
  #head = 0;
  #running = false;
  #held = false;
  #turnEnd: TurnEnd[] = [];

  /** Called by a mailbox that has become ready. Outside a turn this begins one, unless they are held. */
  ready(mailbox: Runnable): void {
    this.#ready.push(mailbox);
    if (!this.#running && !this.#held) this.#turn();
  }

  /** From now on mailboxes wait for handle(), or for a turn that begins by itself. */
  hold(): void {
    this.#held = true;
  }

  /** Ends hold(), and runs those that have waited. */
  handle(): void {
    this.#held = false;
    if (!this.#running && this.#head < this.#ready.length) this.#turn();
  }

  /** Tells of the current turn's end, once; at once outside a turn. Probes are gathered this way. */
  atTurnEnd(waiting: TurnEnd): void {
    if (this.#running) this.#turnEnd.push(waiting);
    else waiting.turnEnded();
  }

  /** Runs `work` as one turn, so that what it tells is gathered too. */
  turn(work: () => void): void {
    if (this.#running) return work();
    this.#running = true;
    try {
      work();
    } finally {
      this.#running = false;
      this.#turn();
    }
  }

  #turn(): void {
    this.#running = true;
    let left = TURN_BOUND;
    try {
      do {
        left = this.#drain(left);
        this.#endTurn();
      } while (left > 0 && this.#head < this.#ready.length);
    } finally {
      this.#running = false;
      // Also after a task that threw: what it stood before is not lost.
      if (this.#head < this.#ready.length || this.#turnEnd.length > 0) this.#goOnLater();
    }
  }

  #goOnLater(): void {
    setImmediate(() => this.#turn());
  }

  #drain(bound: number): number {
    let left = bound;
    while (left > 0 && this.#head < this.#ready.length) {
      const mailbox = this.#ready[this.#head++] as Runnable;
      left -= mailbox.run(MAILBOX_BOUND);
    }
    if (this.#head === this.#ready.length) {
      this.#ready.length = 0;
      this.#head = 0;
    } else if (this.#head > 4096) {
      this.#ready.splice(0, this.#head);
      this.#head = 0;
    }
    return left;
  }

  #endTurn(): void {
    if (this.#turnEnd.length === 0) return;
    const waiting = this.#turnEnd;
    this.#turnEnd = [];
    let done = 0;
    try {
      while (done < waiting.length) waiting[done++]!.turnEnded();
    } finally {
      if (done < waiting.length) this.#turnEnd.unshift(...waiting.slice(done));
    }
  }
}
