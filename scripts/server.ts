/**
 * The command line: `bun run server` and `deno task server`, here and with `--help`.
 * Exit codes: 0 done, 1 could not be done, 2 wrong usage or configuration.
 * @module
 */
import { parseCommand } from "../cli/command_line.ts";
import { tuneRuntime } from "../cli/tune_runtime.ts";

async function main(args: readonly string[]): Promise<void> {
  const command = parseCommand(args);
  // Replaces the process, so everything else is loaded afterwards, and only once.
  if (command.kind === "serve") tuneRuntime();
  const { runCommand } = await import("../cli/run_command.ts");
  await runCommand(command);
}

async function fail(error: unknown): Promise<number> {
  const { faultLine } = await import("../cli/fault_line.ts");
  const { line, code } = faultLine(error);
  console.error(line);
  return code;
}

main(process.argv.slice(2))
  .then(() => 0, fail)
  .then((code) => process.exit(code));
