/** Looks for a shorter run that shows the same kind of violation: less time first, then fewer users. @module */
import { type RunOptions, type RunResult, runChaos } from "./run.ts";

/** Runs again with half of it, as long as the violation is still there. */
export async function shrink(failed: RunResult, say: (line: string) => void): Promise<RunResult> {
  const kinds = new Set(failed.violations.map(({ kind }) => kind));
  let best = failed;
  for (const smaller of [halfTime, halfUsers, halfTime, halfUsers]) {
    const options = smaller(best.options);
    if (options === undefined) continue;
    say(`tries ${options.seconds} s with ${options.users} users`);
    const result = await runChaos(options);
    if (result.violations.some(({ kind }) => kinds.has(kind))) best = result;
  }
  return best;
}

function halfTime(options: RunOptions): RunOptions | undefined {
  return options.seconds < 6 ? undefined : { ...options, seconds: Math.ceil(options.seconds / 2) };
}

function halfUsers(options: RunOptions): RunOptions | undefined {
  return options.users < 4 ? undefined : { ...options, users: Math.ceil(options.users / 2) };
}
