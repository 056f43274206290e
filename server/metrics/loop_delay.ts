/**
 * How late the event loop is: a timer measures itself. `monitorEventLoopDelay` of node:perf_hooks does not do: that of Deno
 * misses a loop that stands still.
 * @module
 */
import { clearTimeout, setTimeout } from "node:timers";
import { Histogram } from "../../actors/histogram.ts";

const INTERVAL_MS = 100;
const BOUNDS_MS = [1, 2, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000];

export class LoopDelay {
  /** Milliseconds. */
  readonly histogram = new Histogram(BOUNDS_MS);
  #timer: ReturnType<typeof setTimeout> | undefined;

  start(): void {
    const due = performance.now() + INTERVAL_MS;
    this.#timer = setTimeout(() => {
      this.histogram.add(Math.max(0, performance.now() - due));
      this.start();
    }, INTERVAL_MS);
    this.#timer.unref();
  }

  stop(): void {
    clearTimeout(this.#timer);
  }
}
