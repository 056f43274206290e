/** `pending [NAME]`: what waits in storage. @module */
import type { AmpactServer } from "../server/create_server.ts";
import type { WaitingMessage } from "../server/waiting.ts";
import { Jid } from "../xmpp/jid.ts";
import { carryOut } from "./carry_out.ts";
import type { PendingRequest } from "./command_line.ts";

const PAGE = 1000;

/** The lines to print. Throws AccountError, JidError, ConfigError, StoreFault. */
export function runPendingCommand(request: PendingRequest): Promise<readonly string[]> {
  const complete = async ({ config }: AmpactServer): Promise<PendingRequest> => {
    const { name } = request;
    return name === undefined ? request : { ...request, name: ownerName(name, config) };
  };
  return carryOut("pending", complete, (server, asked) => {
    // Not on standard output, where JSON may be wanted.
    console.error(`No server runs here: this is read from ${server.config.store.url}`);
    return runPendingRequest(server, asked);
  });
}

/** Carries out a request on a started server. */
export async function runPendingRequest(
  server: AmpactServer,
  { name, json }: PendingRequest,
): Promise<readonly string[]> {
  if (name === undefined) return owners(server, json);
  const messages = await allFor(server, name);
  if (json) return [JSON.stringify(messages.map(withTimes))];
  return [...messages.map((message) => describe(message)), `${messages.length} messages wait for ${name}`];
}

async function owners({ waiting }: AmpactServer, json: boolean): Promise<readonly string[]> {
  const found = [];
  for await (const owner of waiting.owners()) found.push(owner);
  if (json) return [JSON.stringify(found)];
  const all = found.reduce((sum, { messages }) => sum + messages, 0);
  return [
    ...found.map(({ jid, messages }) => `${jid} ${messages}`),
    `${all} messages wait for ${found.length} addresses`,
  ];
}

async function allFor({ waiting }: AmpactServer, name: string): Promise<readonly WaitingMessage[]> {
  const all: WaitingMessage[] = [];
  for (let more = true; more; ) {
    const page = await waiting.messages(name, { after: all.at(-1)?.seq ?? 0, limit: PAGE });
    all.push(...page);
    more = page.length === PAGE;
  }
  return all;
}

/** `trace` tells of a tracked one why it waits. */
function describe({ from, id, since, until }: WaitingMessage): string {
  const end = until === undefined ? "no end" : `until ${timeText(until)}`;
  return `since ${timeText(since)}  ${end}  from ${from ?? "the server"}  ${id === undefined ? "not tracked" : `trace ${id}`}`;
}

function withTimes({ since, until, seq: _, ...rest }: WaitingMessage): object {
  return { ...rest, since: timeText(since), ...(until !== undefined && { until: timeText(until) }) };
}

function timeText(at: number): string {
  return new Date(at).toISOString();
}

/** A bare name is that of an account; domains are those of destinations. */
function ownerName(text: string, { domains }: AmpactServer["config"]): string {
  return Jid.parse(text.includes("@") || text.includes(".") ? text : `${text}@${domains[0]}`).text;
}
