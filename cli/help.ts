/** The text of `--help`. @module */
import { describeConfig } from "../server/config.ts";
import { SOFTWARE } from "../server/server_settings.ts";
import { commandPrefix } from "./command_prefix.ts";
import { UsageError } from "./usage_error.ts";

export function versionText(): string {
  return `${SOFTWARE.name} ${SOFTWARE.version}`;
}

/** `command`: of that one alone. Throws UsageError when there is no such command. */
export function helpText(command?: string): string {
  if (command !== undefined) return commandHelp(command);
  return `${versionText()}, an XMPP server that tells what became of a message

Commands
${commandLines().join("\n")}

${NAMES}

Configuration
  The file ampact.toml, or the one that AMPACT_CONFIG names; the environment goes before the file.
  A key a.b is b in the table [a].

${describeConfig()}`;
}

const NAMES = `  NAME is a bare JID; without a domain, the first one of the configuration is meant. A password that is left out is
  asked for, or read from standard input. The commands work beside a running server and without one.`;

/** Each command, with the lines that go on with its text. */
function commandLines(): readonly string[] {
  const run = commandPrefix();
  return `\
  ${run}                                serve until SIGTERM or SIGINT
  ${run} user add NAME [PASSWORD]       make an account
  ${run} user passwd NAME [PASSWORD]    set its password and end its sessions; not these with --keep-sessions
  ${run} user remove NAME               remove it with all that belongs to it
  ${run} user forward NAME [ADDRESS]    forward its messages to ADDRESS while nobody is there; none: do not
  ${run} user usage NAME                tell how many bytes are kept for it
  ${run} user list                      list all accounts
  ${run} token add NAME --scope send,read
                                        make a token for the HTTP API at /api, and print it once
  ${run} token list                     list the tokens with their scopes
  ${run} token remove NAME              make it void
  ${run} s2s                            show the streams to and from other servers, and the last error of each domain
  ${run} s2s test DOMAIN                try to reach the server of a domain, and tell each step
  ${run} explain --to ADDRESS [--from ADDRESS] [--type TYPE] [--body TEXT] [--rule CONDITION=VALUE:ACTION ...] [--json]
                                        tell what would become of a message now, each rule with its state and why; nothing
                                        is sent. Without options: of the <message/> on standard input
  ${run} trace ID | --key KEY [--json]  draw what became of a message
  ${run} status [--json]                tell how the running server is; exit code 0 if it is ready, otherwise 1
  ${run} sessions [--account NAME] [--json]
                                        tell who is connected, from where and how
  ${run} kick JID                       end the sessions of an account, or that of a full JID; it may log in again
  ${run} pending [NAME] [--json]        tell which messages wait for NAME, since when and until when; without it, for whom any do
  ${run} check-config                   tell each fault of the configuration; exit code 0 if there is none, otherwise 2
  ${run} print-config                   show the settings with their origins, as TOML; secrets are hidden
  ${run} backup FILE [--force]          copy the database into a new file, also while the server runs
  ${run} restore FILE [--force]         check such a copy and make it the database; --force moves the old one aside
  ${run} --help | --version`.split("\n");
}

function commandHelp(command: string): string {
  const start = `  ${commandPrefix()} `;
  let isOfCommand = false;
  const lines = commandLines().filter((line) => {
    if (line.startsWith(start)) isOfCommand = line.slice(start.length).split(" ")[0] === command;
    return isOfCommand;
  });
  if (lines.length === 0) throw new UsageError(`Cannot run "${command}": there is no such command`);
  return [...lines, "", NAMES].join("\n");
}
