/** Ends a session whose client has had no request open for too long: XEP-0124 section 10. */
export class InactivityTimer {
  readonly #schedule: (ms: number, task: () => void) => () => void;
  #cancel: (() => void) | undefined;
  /** How long it may be away, seconds. */
  seconds: number;

  constructor(seconds: number, schedule: (ms: number, task: () => void) => () => void) {
    this.seconds = seconds;
    this.#schedule = schedule;
  }

  /** Starts the time anew; a pending task is cancelled. */
  start(task: () => void): void {
    this.stop();
    this.#cancel = this.#schedule(this.seconds * 1000, task);
  }

  stop(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }
}
