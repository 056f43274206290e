/** `sessions` and `kick JID`. @module */
import { type AmpactServer, createServer } from "../server/create_server.ts";
import type { SessionReport } from "../server/sessions.ts";
import { AccountError } from "./account_error.ts";
import type { SessionsRequest } from "./command_line.ts";
import { configSources } from "./config_sources.ts";
import { askRunningServer } from "./control_socket.ts";

/** The lines to print. Throws AccountError, ConfigError. */
export async function runSessionsCommand(request: SessionsRequest): Promise<readonly string[]> {
  const { dataDir } = createServer(configSources()).config;
  const answer = await askRunningServer(dataDir, request);
  if (answer !== undefined) return answer;
  throw new AccountError(`Cannot run ${request.kind}: no server runs with the folder ${dataDir}`);
}

/** Carries out a request on a started server. Throws AccountError, JidError. */
export async function runSessionsRequest(server: AmpactServer, request: SessionsRequest): Promise<readonly string[]> {
  const { sessions, config } = server;
  const full = (name: string) => withDomain(name, config.domains[0]!);
  if (request.kind === "kick") {
    const closed = sessions.close(full(request.jid));
    if (closed.length > 0) return closed.map((session) => `Ended ${describe(session)}`);
    throw new AccountError(`Cannot kick ${full(request.jid)}: it has no session here`);
  }
  const { account, json } = request;
  const found = sessions.list(account === undefined ? undefined : full(account));
  return json ? [JSON.stringify(found)] : [...found.map(describe), `${found.length} sessions`];
}

function describe({ account, resource, transport, address, available, priority }: SessionReport): string {
  const from = address === undefined ? "" : ` from ${address}`;
  return `${account}/${resource}  ${transport}, ${available ? `priority ${priority}` : "unavailable"}${from}`;
}

/** `romeo` and `romeo/tab` are accounts of the first domain. */
function withDomain(name: string, domain: string): string {
  const end = name.indexOf("/");
  const bare = end < 0 ? name : name.slice(0, end);
  return bare.includes("@") ? name : `${bare}@${domain}${name.slice(bare.length)}`;
}
