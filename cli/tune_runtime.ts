/**
 * What JavaScriptCore and its allocator are told for a server that is to answer at once and for long. Options are only read when a process
 * begins, so this process replaces itself once; one that is set already stays as it is. Where the runtime cannot (Deno,
 * Windows), nothing happens. docs/PERFORMANCE.md.
 * @module
 */
import process from "node:process";

const OPTIONS: Readonly<Record<string, string>> = {
  // The last optimising compiler costs more processor time in the first minutes than its code saves then: it is asked for
  // code that is thirty times as hot as by default.
  BUN_JSC_thresholdForFTLOptimizeAfterWarmUp: "3000000",
  // In bytes: the heap may grow to 64 MiB before it is collected, not 32. Messages live for milliseconds, so a later
  // collection finds no more of them alive, and there are fewer of them.
  BUN_JSC_largeHeapSize: "67108864",
  // In milliseconds: memory that was freed goes back to the system after this time. Batches of rows need as much again many
  // times a second, and each page that comes back from the system costs more than the text that is put there.
  MIMALLOC_PURGE_DELAY: "2000",
};

type Execve = (file: string, args: readonly string[], env: Record<string, string | undefined>) => void;

export function tuneRuntime(): void {
  const { execve } = process as { execve?: Execve };
  if (!("Bun" in globalThis) || execve === undefined || process.platform === "win32") return;
  if (Object.keys(OPTIONS).every((option) => process.env[option] !== undefined)) return;
  execve.call(process, process.execPath, [process.execPath, ...process.execArgv, ...process.argv.slice(1)], {
    ...OPTIONS,
    ...process.env,
  });
}
