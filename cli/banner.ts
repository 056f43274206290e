/** The text that is printed when the server has started: its addresses, and the next steps. @module */
import { isIPv6 } from "node:net";
import type { Config } from "../server/config.ts";
import type { TcpPorts } from "../server/tcp_entrance.ts";
import { PATHS } from "../transport/app.ts";
import { commandPrefix } from "./command_prefix.ts";
import { versionText } from "./help.ts";

export interface OpenPorts {
  readonly http: number;
  readonly tcp: TcpPorts;
  /** 0: off. */
  readonly components: number;
}

/** `made`: the path of a new database, if one was created. */
export function banner(config: Config, { http, tcp, components }: OpenPorts, made: string | undefined): string {
  const [domain = ""] = config.domains;
  const web = `${hostOf(config.http.host)}:${http}`;
  const host = hostOf(config.c2s.host);
  const run = commandPrefix();
  const own = config.registration !== "closed" ? ", or let your client register one" : "";
  return [
    `${versionText()} serves ${config.domains.join(", ")}`,
    `  WebSocket   ws://${web}${PATHS.websocket}`,
    `  BOSH        http://${web}${PATHS.bosh}`,
    ...(tcp.startTls === 0 ? [] : [`  TCP         ${host}:${tcp.startTls} with STARTTLS`]),
    ...(tcp.tls === 0 ? [] : [`  TLS         ${host}:${tcp.tls}`]),
    ...(components === 0 ? [] : [`  Components  ${hostOf(config.components.host)}:${components}`]),
    `  Store       ${config.store.url}`,
    ...(made === undefined ? [] : [`              a new database, made at ${made}`]),
    `Next: make an account with "${run} user add NAME"${own};`,
    `      then log in as NAME@${domain} at one of the addresses above. "${run} --help" lists every setting.`,
  ].join("\n");
}

function hostOf(host: string): string {
  return isIPv6(host) ? `[${host}]` : host;
}
