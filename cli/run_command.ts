/** Runs the command of the command line. @module */
import { runBackupCommand } from "./backup_command.ts";
import type { Command } from "./command_line.ts";
import { checkConfig, printedConfig } from "./config_command.ts";
import { runExplainCommand } from "./explain_command.ts";
import { helpText, versionText } from "./help.ts";
import { runPendingCommand } from "./pending_command.ts";
import { runRestoreCommand } from "./restore_command.ts";
import { runS2sCommand } from "./s2s_command.ts";
import { serve } from "./serve.ts";
import { runSessionsCommand } from "./sessions_command.ts";
import { runStatusCommand } from "./status_command.ts";
import { runTokenCommand } from "./token_command.ts";
import { runTraceCommand } from "./trace_command.ts";
import { runUserCommand } from "./user_command.ts";

export async function runCommand(command: Command): Promise<void> {
  switch (command.kind) {
    case "help":
      return console.log(helpText(command.command));
    case "version":
      return console.log(versionText());
    case "user":
      for (const line of await runUserCommand(command.request)) console.log(line);
      return;
    case "token":
      for (const line of await runTokenCommand(command.request)) console.log(line);
      return;
    case "s2s":
      for (const line of await runS2sCommand(command.request)) console.log(line);
      return;
    case "explain":
      for (const line of await runExplainCommand(command.request)) console.log(line);
      return;
    case "trace":
      for (const line of await runTraceCommand(command.request)) console.log(line);
      return;
    case "check-config":
      for (const line of checkConfig()) console.log(line);
      return;
    case "print-config":
      for (const line of printedConfig()) console.log(line);
      return;
    case "copy": {
      const run = command.request.kind === "backup" ? runBackupCommand : runRestoreCommand;
      for (const line of await run(command.request)) console.log(line);
      return;
    }
    case "status":
      return runStatusCommand(command.request, console.log);
    case "sessions":
      for (const line of await runSessionsCommand(command.request)) console.log(line);
      return;
    case "pending":
      for (const line of await runPendingCommand(command.request)) console.log(line);
      return;
    case "serve":
      return serve();
    default:
      command satisfies never;
  }
}
