/** `s2s` and `s2s test DOMAIN`: the streams to and from other servers. @module */
import { LinkError } from "../destinations/federation/links.ts";
import { type AmpactServer, createServer } from "../server/create_server.ts";
import { configureLog } from "../server/log.ts";
import type { LinkReport, RefusalReport, StreamReport } from "../transport/s2s/server_links.ts";
import { Jid } from "../xmpp/jid.ts";
import { AccountError } from "./account_error.ts";
import type { S2sRequest } from "./command_line.ts";
import { configSources } from "./config_sources.ts";
import { askRunningServer } from "./control_socket.ts";
import { describeFault, describeStep } from "./describe_probe.ts";

/** The lines to print. Throws AccountError, JidError, ConfigError, CertificateError. */
export async function runS2sCommand(request: S2sRequest): Promise<readonly string[]> {
  const server = createServer(configSources());
  await configureLog(server.config.log.level);
  const answer = await askRunningServer(server.config.dataDir, request);
  if (answer !== undefined) return answer;
  if (request.kind === "s2s show") throw new AccountError("Cannot show streams to other servers: no server runs");
  try {
    const note = "note         no server runs here: by dialback nobody could ask this one back";
    return [note, ...(await runS2sRequest(server, request))];
  } finally {
    await server.stop();
  }
}

/** Carries out a request, by a running server or by one that is not started. */
export async function runS2sRequest({ s2s, config }: AmpactServer, request: S2sRequest): Promise<readonly string[]> {
  if (request.kind === "s2s test") return probe(s2s, Jid.parse(request.domain).domain);
  const report = s2s.report();
  if (report === undefined) return [`Off: s2s.enabled is ${config.s2s.enabled}`];
  const { streams, links, strangers, refusals } = report;
  return [
    ...streams.map(describeStream),
    ...links.filter(({ state }) => state !== "connected").map(describeLink),
    ...refusals.map(describeRefusal),
    `${streams.length} streams, ${strangers} that are not authenticated`,
  ];
}

async function probe(s2s: AmpactServer["s2s"], domain: string): Promise<readonly string[]> {
  const lines: string[] = [];
  try {
    await s2s.probe(domain, (step) => lines.push(...describeStep(step)));
    lines.push(`OK           ${domain} can be reached`);
  } catch (error) {
    if (!(error instanceof LinkError)) throw error;
    lines.push(...describeFault(error));
  }
  return lines;
}

const ARROWS = { in: "<-", out: "->", both: "<->" } as const;

function describeStream({ local, remote, direction, auth, encrypted, sm, stanzas, address }: StreamReport): string {
  const how = [auth ?? "no auth", encrypted ? "TLS" : "no TLS", ...(sm ? ["XEP-0198"] : [])].join(", ");
  return `${local} ${ARROWS[direction]} ${remote}  ${address}  ${how}, ${stanzas} stanzas`;
}

function describeLink({ local, remote, state, waiting, lastError }: LinkReport): string {
  const why = lastError === undefined ? "" : `; last error: ${lastError}`;
  return `${local} -> ${remote}  ${state}, ${waiting} stanzas wait${why}`;
}

function describeRefusal({ remote, address, error, at }: RefusalReport): string {
  return `${remote} (${address})  last stream ended at ${new Date(at).toISOString()}: ${error}`;
}
