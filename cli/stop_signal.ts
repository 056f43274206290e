const SIGNALS = ["SIGTERM", "SIGINT"] as const;
/**
 * Ctrl+C reaches this process from the terminal and, under npm, from npm as well: a second signal within this time, in
 * milliseconds, counts as the same one.
 */
const SAME_MS = 500;

/** Resolves with the first signal to stop; the second one ends the process at once. */
export function stopSignal(): Promise<string> {
  return new Promise((resolve) => {
    let first: string | undefined;
    let at = 0;
    for (const signal of SIGNALS) {
      process.on(signal, () => {
        const now = performance.now();
        if (first === undefined) {
          first = signal;
          at = now;
          return resolve(signal);
        }
        if (signal !== "SIGINT" || first !== "SIGINT" || now - at > SAME_MS) process.exit(1);
      });
    }
  });
}
