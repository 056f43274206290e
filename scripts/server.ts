/**
 * The command line: `bun run server` and `deno task server`, here and with `--help`.
 * Exit codes: 0 done, 1 could not be done, 2 wrong usage or configuration.
 * @module
 */
import { parseCommand } from "./server/command_line.ts";
import { faultLine } from "./server/fault_line.ts";
import { helpText, versionText } from "./server/help.ts";
import { serve } from "./server/serve.ts";
import { tuneRuntime } from "./server/tune_runtime.ts";
import { runUserCommand } from "./server/user_command.ts";

async function main(args: readonly string[]): Promise<number> {
  const command = parseCommand(args);
  switch (command.kind) {
    case "help":
      console.log(helpText());
      return 0;
    case "version":
      console.log(versionText());
      return 0;
    case "user":
      for (const line of await runUserCommand(command.request)) console.log(line);
      return 0;
    case "serve":
      tuneRuntime();
      await serve();
      return 0;
    default:
      return command satisfies never;
  }
}

main(process.argv.slice(2)).then(
  (code) => process.exit(code),
  (error: unknown) => {
    const { line, code } = faultLine(error);
    console.error(line);
    process.exit(code);
  },
);
