/**
 * The budget of one account's clients, over all its sessions: stanzas and UTF-16 units of them, each with a burst and a
 * rate. Beyond it the sessions stop reading until the rate has paid the debt; stanzas that were read are handled.
 *
 * A burst is handled in slices; between them the clients of other accounts have their turn.
 * @module
 */
import type { Reader } from "../congestion.ts";
import { restAfter } from "../long_answer.ts";

/** Rates are for a second; 0: no limit. */
export interface BudgetLimits {
  readonly stanzasPerSecond: number;
  readonly stanzaBurst: number;
  readonly bytesPerSecond: number;
  readonly byteBurst: number;
  /** Milliseconds of long work; see handled(). */
  readonly workPerSecond: number;
}

export interface BudgetStart {
  readonly limits: BudgetLimits;
  /** Milliseconds. */
  now(): number;
  /** The number of this turn of the event loop. */
  turn(): number;
  schedule(ms: number, task: () => void): () => void;
}

/** Most work of an account in one turn of the event loop: stanzas, units of them, and milliseconds. */
const SLICE_STANZAS = 32;
const SLICE_UNITS = 65_536;
const SLICE_MS = 10;
/** Work on one stanza that takes this long, in milliseconds, delays other clients and counts. */
const LONG_MS = 5;
/** After such work the account is read again when this many times its length has passed: the work in other actors takes time too. */
const REST = 8;
/** The burst of such work, in milliseconds. */
const WORK_BURST = 300;
/** The longest sleep; then the clock is read again. */
const LONGEST_MS = 1000;

/** A token bucket in thousandths, so that a millisecond's part of any rate is a whole number. */
class Bucket {
  readonly #rate: number;
  readonly #most: number;
  #level: number;

  constructor(rate: number, burst: number) {
    this.#rate = rate;
    this.#most = Math.max(rate, burst) * 1000;
    this.#level = this.#most;
  }

  refill(ms: number): void {
    this.#level = Math.min(this.#most, this.#level + ms * this.#rate);
  }

  take(amount: number): void {
    if (this.#rate > 0) this.#level -= amount * 1000;
  }

  /** Milliseconds until the debt is paid; 0: there is none. */
  get wait(): number {
    return this.#level >= 0 ? 0 : Math.ceil(-this.#level / this.#rate);
  }
}

export class AccountBudget {
  readonly #start: BudgetStart;
  readonly #stanzas: Bucket;
  readonly #units: Bucket;
  readonly #work: Bucket;
  #waiting: Set<Reader> | undefined;
  #at: number;
  /** Milliseconds of it that are left. */
  #rest = 0;
  #sliceTurn = -1;
  #sliceAt = 0;
  #sliceStanzas = 0;
  #sliceUnits = 0;
  #isPlanned = false;

  constructor(start: BudgetStart) {
    const { stanzasPerSecond, stanzaBurst, bytesPerSecond, byteBurst, workPerSecond } = start.limits;
    this.#start = start;
    this.#at = start.now();
    this.#stanzas = new Bucket(stanzasPerSecond, stanzaBurst);
    this.#units = new Bucket(bytesPerSecond, byteBurst);
    this.#work = new Bucket(workPerSecond, WORK_BURST);
  }

  /** Whether the account has no debt. */
  get isOpen(): boolean {
    return this.#wait === 0;
  }

  get #wait(): number {
    return Math.max(this.#stanzas.wait, this.#units.wait, this.#work.wait, this.#rest);
  }

  /** One stanza of that size was read. Returns false where its session should stop reading: wait(). */
  take(units: number): boolean {
    const now = this.#refill();
    this.#stanzas.take(1);
    this.#units.take(units);
    if (this.#sliceTurn !== this.#start.turn()) this.#beginSlice(now);
    this.#sliceStanzas++;
    this.#sliceUnits += units;
    return this.isOpen && !this.#isSliceOver(now);
  }

  /** The stanza of the last take() was handled: how long that took counts as well. Returns as take() does. */
  handled(): boolean {
    const now = this.#start.now();
    const took = now - this.#at;
    if (took < LONG_MS) return true;
    this.#work.take(took);
    if (this.#start.limits.workPerSecond > 0) this.#rest = Math.max(this.#rest, Math.min(LONGEST_MS, took * REST));
    return this.isOpen && !this.#isSliceOver(now);
  }

  /** A client was given an answer of that size, whoever has made it. Returns as take() does. */
  answered(units: number): boolean {
    const ms = restAfter(units);
    if (ms === 0 || this.#start.limits.workPerSecond === 0) return true;
    this.#refill();
    this.#rest = Math.min(LONGEST_MS, this.#rest + ms);
    return false;
  }

  #refill(): number {
    const now = this.#start.now();
    const passed = now - this.#at;
    this.#at = now;
    if (passed > 0) {
      this.#stanzas.refill(passed);
      this.#units.refill(passed);
      this.#work.refill(passed);
      this.#rest = Math.max(0, this.#rest - passed);
    }
    return now;
  }

  #beginSlice(now: number): void {
    this.#sliceTurn = this.#start.turn();
    this.#sliceAt = now;
    this.#sliceStanzas = 0;
    this.#sliceUnits = 0;
  }

  #isSliceOver(now: number): boolean {
    if (this.#sliceStanzas >= SLICE_STANZAS || this.#sliceUnits >= SLICE_UNITS) return true;
    return now - this.#sliceAt >= SLICE_MS;
  }

  /** Calls the reader when it may continue. */
  wait(reader: Reader): void {
    this.#waiting ??= new Set();
    this.#waiting.add(reader);
    this.#plan();
  }

  forget(reader: Reader): void {
    this.#waiting?.delete(reader);
  }

  #plan(): void {
    if (this.#isPlanned || this.#waiting === undefined || this.#waiting.size === 0) return;
    this.#isPlanned = true;
    const ms = Math.min(LONGEST_MS, this.#wait);
    this.#start.schedule(ms, () => {
      this.#isPlanned = false;
      this.#goOn();
    });
  }

  /** The sessions take turns: the one that has waited longest continues first and goes to the end. */
  #goOn(): void {
    this.#beginSlice(this.#refill());
    for (const reader of [...(this.#waiting ?? [])]) {
      if (!this.isOpen || this.#isSliceOver(this.#start.now())) break;
      if (this.#waiting?.delete(reader)) reader.goOn();
    }
    this.#plan();
  }
}
