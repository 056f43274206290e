/**
 * The scheduler: runs mailboxes with messages, in turn, within the turn of the event that woke the first. No promise
 * and no timer stand between a message and its handling.
 * @module
 */

export interface Runnable {
  /** Handles messages until there are none, `bound` are handled, or the scheduler says yields(). */
  run(bound: number): number;
}

/** Called at the end of the turn. */
export interface TurnEnd {
  turnEnded(): void;
}

/** Most messages of one mailbox before the next one runs, and most messages of one turn before I/O runs. */
const MAILBOX_BOUND = 32;
const TURN_BOUND = 2000;
/** The same in milliseconds, of a turn and of the messages of one mailbox between two looks at the clock. */
const TURN_MS = 10;
const MAILBOX_MS = 1;
/** Messages between two readings of the clock; a long one counts as several. */
const LOOK_EVERY = 4;
const UNITS_OF_ONE = 16_384;

export class Scheduler {
  readonly #now: () => number;
  #ready: Runnable[] = [];
  #head = 0;
  #running = false;
  #held = false;
  /** The next turn comes after other events of the event loop. */
  #isPlanned = false;
  #turnEnd: TurnEnd[] = [];
  /** Of the current turn: when it began, when the clock was last read, and the messages since. */
  #began = 0;
  #seen = 0;
  #unseen = 0;
  #isLate = false;

  /** `now`: milliseconds. */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** Called by a mailbox that has become ready. Outside a turn this begins one, unless they are held or one is to come. */
  ready(mailbox: Runnable): void {
    this.#ready.push(mailbox);
    if (!this.#running && !this.#held) this.#begin();
  }

  /** From now on mailboxes wait for handle(), or for a turn that begins by itself. */
  hold(): void {
    this.#held = true;
  }

  /** Ends hold(), and runs those that have waited. */
  handle(): void {
    this.#held = false;
    if (!this.#running && this.#head < this.#ready.length) this.#begin();
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
      this.#begin();
    }
  }

  /** Where the turn before has taken its time, others are read first: what they bring waits for the next turn too. */
  #begin(): void {
    if (!this.#isPlanned || !this.#isLate) this.#turn();
  }

  /** Asked by the mailbox at work after each message, of that many UTF-16 units: whether it is the turn of others. */
  yields(units: number): boolean {
    this.#unseen += 1 + units / UNITS_OF_ONE;
    return this.#unseen >= LOOK_EVERY && this.#look();
  }

  #look(): boolean {
    const now = this.#now();
    const isSlow = now - this.#seen >= MAILBOX_MS;
    this.#isLate = now - this.#began >= TURN_MS;
    this.#seen = now;
    this.#unseen = 0;
    return isSlow || this.#isLate;
  }

  #turn(): void {
    this.#running = true;
    this.#began = this.#now();
    this.#seen = this.#began;
    this.#unseen = 0;
    this.#isLate = false;
    let left = TURN_BOUND;
    try {
      do {
        left = this.#drain(left);
        this.#endTurn();
        if (left <= 0) this.#isLate = true;
      } while (!this.#isLate && this.#head < this.#ready.length);
    } finally {
      this.#running = false;
      // Also after a task that threw: what it stood before is not lost.
      if (this.#head < this.#ready.length || this.#turnEnd.length > 0) this.#goOnLater();
    }
  }

  #goOnLater(): void {
    if (this.#isPlanned) return;
    this.#isPlanned = true;
    setImmediate(() => {
      this.#isPlanned = false;
      this.#turn();
    });
  }

  #drain(bound: number): number {
    let left = bound;
    while (left > 0 && !this.#isLate && this.#head < this.#ready.length) {
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
