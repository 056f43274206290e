/**
 * Whether it pays to let a write age before its commit: only where proof of receipt often comes first, so that the row is
 * never written. Clients that prove nothing, or late, would have all their messages kept in memory in vain.
 * @module
 */

/** So many ticks are counted, while writes age. */
const TRIAL = 4;
/** For so many ticks nothing ages after a trial in which it did not pay, unless it becomes clear that it would. */
const REST = 40;
/** Fewer appends in a trial say nothing, and cost nothing. */
const TELLING = 100;
/** Less than one cancelled row in so many does not pay. */
const SELDOM = 20;

export class RowAging {
  #pays = true;
  #ticksLeft = TRIAL;
  #appended = 0;
  #cancelled = 0;

  get pays(): boolean {
    return this.#pays;
  }

  appended(): void {
    this.#appended++;
  }

  /** A row was taken back before its commit, or would have been, had it aged. */
  cancelled(): void {
    this.#cancelled++;
  }

  tick(): void {
    if (this.#pays) {
      if (--this.#ticksLeft > 0) return;
      this.#turn(this.#appended < TELLING || this.#isOften);
    } else {
      const isClear = this.#appended >= TELLING && this.#isOften;
      this.#turn(isClear || --this.#ticksLeft === 0);
    }
  }

  get #isOften(): boolean {
    return this.#cancelled * SELDOM >= this.#appended;
  }

  #turn(pays: boolean): void {
    if (pays || this.#pays) this.#ticksLeft = pays ? TRIAL : REST;
    this.#pays = pays;
    this.#appended = 0;
    this.#cancelled = 0;
  }
}
