/**
 * JavaScriptCore's last optimising compiler costs a server more processor time in its first minutes than its code saves
 * then: it is asked for code that is thirty times as hot as by default. The option is only read when a process begins,
 * so this process replaces itself once. Where the runtime cannot (Deno, Windows), nothing happens. docs/PERFORMANCE.md.
 * @module
 */
import process from "node:process";

const OPTION = "BUN_JSC_thresholdForFTLOptimizeAfterWarmUp";
const THRESHOLD = "3000000";

type Execve = (file: string, args: readonly string[], env: Record<string, string | undefined>) => void;

export function tuneRuntime(): void {
  const { execve } = process as { execve?: Execve };
  if (!("Bun" in globalThis) || execve === undefined || process.platform === "win32") return;
  if (process.env[OPTION] !== undefined) return;
  execve.call(process, process.execPath, [process.execPath, ...process.execArgv, ...process.argv.slice(1)], {
    ...process.env,
    [OPTION]: THRESHOLD,
  });
}
