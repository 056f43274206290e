/** What is printed once the server serves: where it can be reached, and what to do next. @module */
import { isIPv6 } from "node:net";
import type { Config } from "../../server/config.ts";
import { PATHS } from "../../transport/app.ts";
import { commandPrefix } from "./command_prefix.ts";
import { versionText } from "./help.ts";

export function banner(config: Config, httpPort: number): string {
  const [domain = ""] = config.domains;
  const at = `${hostOf(config.http.host)}:${httpPort}`;
  const run = commandPrefix();
  const own = config.registration === "open" ? ", or let your client register one" : "";
  return [
    `${versionText()} serves ${config.domains.join(", ")}`,
    `  WebSocket  ws://${at}${PATHS.websocket}`,
    `  BOSH       http://${at}${PATHS.bosh}`,
    `  Store      ${config.store.url}`,
    `Next: make an account with "${run} user add NAME"${own};`,
    `      then log in as NAME@${domain} at one of the addresses above. "${run} --help" lists every setting.`,
  ].join("\n");
}

function hostOf(host: string): string {
  return isIPv6(host) ? `[${host}]` : host;
}
