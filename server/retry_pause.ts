/** How long to wait before the next attempt. @module */

const FIRST_MS = 1000;
const MOST_DOUBLINGS = 20;

/** Exponential: after so many attempts that failed. */
export function pauseAfter(attempts: number, longestMs: number): number {
  return Math.min(longestMs, FIRST_MS * 2 ** Math.min(MOST_DOUBLINGS, Math.max(0, attempts - 1)));
}

/** Resolves after that time, or when the signal is aborted. */
export function sleep(
  ms: number,
  schedule: (ms: number, task: () => void) => () => void,
  signal: AbortSignal,
): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const over = () => {
      cancel();
      signal.removeEventListener("abort", over);
      resolve();
    };
    const cancel = schedule(ms, over);
    signal.addEventListener("abort", over, { once: true });
  });
}
