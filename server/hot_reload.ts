/**
 * `bun --hot` runs a changed program again in the process in which it runs already: the servers of the earlier run hold
 * the database and the ports, and nothing but them knows it.
 * @module
 */
import process from "node:process";

interface Stoppable {
  stop(): Promise<void>;
}

type Running = Map<Stoppable, symbol>;

const RUNNING = Symbol.for("ampact.running");
/** A new one in each run: modules are loaded anew. */
const RUN = Symbol("run");

/** Stops the servers of earlier runs. Does nothing without `--hot`. */
export async function replaceEarlier(server: Stoppable): Promise<void> {
  if (!process.execArgv.includes("--hot")) return;
  const kept = globalThis as { [RUNNING]?: Running };
  kept[RUNNING] ??= new Map();
  const running = kept[RUNNING];
  running.set(server, RUN);
  for (const [earlier, run] of running) {
    if (run === RUN) continue;
    running.delete(earlier);
    await earlier.stop();
  }
}
