const SIGNALS = ["SIGTERM", "SIGINT"] as const;

/** Resolves with the first signal to stop; the second one ends the process at once. */
export function stopSignal(): Promise<string> {
  return new Promise((resolve) => {
    let told = false;
    for (const signal of SIGNALS) {
      process.on(signal, () => {
        if (told) process.exit(1);
        told = true;
        resolve(signal);
      });
    }
  });
}
