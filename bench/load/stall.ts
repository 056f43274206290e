/** Something that was to come does not come any more. */
export class StallError extends Error {}

const CHECK_MS = 500;

/** Calls `onStall` once when `progress` has given the same number for `patienceMs`. Returns how to stop watching. */
export function watchStall(progress: () => number, patienceMs: number, onStall: () => void): () => void {
  let last = progress();
  let since = performance.now();
  const timer = setInterval(() => {
    const now = progress();
    if (now !== last) {
      last = now;
      since = performance.now();
    } else if (performance.now() - since > patienceMs) {
      clearInterval(timer);
      onStall();
    }
  }, CHECK_MS);
  return () => clearInterval(timer);
}
