/**
 * Options of JavaScriptCore and its allocator for a long-running server; they save a tenth of a message's processor
 * time. Options are read only when a process begins, so this process replaces itself once. An option that is set
 * already stays. On Deno and Windows nothing happens. docs/performance/log.md.
 * @module
 */
import process from "node:process";

const OPTIONS: Readonly<Record<string, string>> = {
  // In bytes: the heap may grow to 64 MiB before a collection, instead of 32. Messages live for milliseconds, so fewer
  // collections do the same work.
  BUN_JSC_largeHeapSize: "67108864",
  // In milliseconds: freed memory returns to the system after this time. Batches of rows need it again many times a
  // second, and a page from the system costs more than the text that fills it.
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
