/** The text of `--help`. @module */
import { describeConfig } from "../server/config.ts";
import { SOFTWARE } from "../server/server_settings.ts";
import { commandPrefix } from "./command_prefix.ts";

export function versionText(): string {
  return `${SOFTWARE.name} ${SOFTWARE.version}`;
}

export function helpText(): string {
  const run = commandPrefix();
  return `${versionText()}, an XMPP server that tells what became of a message

Commands
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
  ${run} backup FILE [--force]          copy the database into a new file, also while the server runs
  ${run} restore FILE [--force]         check such a copy and make it the database; --force moves the old one aside
  ${run} --help | --version

  NAME is a bare JID; without a domain, the first one of the configuration is meant. A password that is left out is
  asked for, or read from standard input. The commands work beside a running server and without one.

Configuration
  The file ampact.toml, or the one that AMPACT_CONFIG names; the environment goes before the file.
  A key a.b is b in the table [a].

${describeConfig()}`;
}
