/** `status`: how the running server is. @module */
import { type AmpactServer, createServer } from "../server/create_server.ts";
import type { ServerStatus } from "../server/metrics/server_status.ts";
import { AccountError } from "./account_error.ts";
import type { StatusRequest } from "./command_line.ts";
import { configSources } from "./config_sources.ts";
import { askRunningServer } from "./control_socket.ts";
import { lengthText } from "./draw_timeline.ts";

const PATIENCE_MS = 10_000;
const MEBIBYTE = 1_048_576;

/** What the control socket tells beside the server's own status. */
type ToldStatus = ServerStatus & { readonly pid: number; readonly domains: readonly string[] };

/** Prints line by line. Throws AccountError when the server is not ready, ConfigError. */
export async function runStatusCommand(request: StatusRequest, print: (line: string) => void): Promise<void> {
  const { dataDir } = createServer(configSources()).config;
  const answer = await inTime(askRunningServer(dataDir, request));
  if (answer === undefined) throw new AccountError(`Cannot tell status: no server runs with the folder ${dataDir}`);
  const status = JSON.parse(answer[0]!) as ToldStatus;
  for (const line of request.json ? [JSON.stringify(withTimes(status))] : describeStatus(status)) print(line);
  if (status.state !== "ready") throw new AccountError(`The server is not ready: ${status.state}`);
}

/** Carries out the request on a started server. */
export async function runStatusRequest({ status, config }: AmpactServer): Promise<readonly string[]> {
  const told: ToldStatus = { ...(await status()), pid: process.pid, domains: config.domains };
  return [JSON.stringify(told)];
}

export function describeStatus(status: ToldStatus): readonly string[] {
  const { version, state, since, at, sessions, waiting, loopDelayMs, residentBytes, pid, domains } = status;
  const transports = Object.entries(sessions);
  const count = transports.reduce((sum, [, own]) => sum + own, 0);
  const late = loopDelayMs === undefined ? "more than is measured" : `at most ${loopDelayMs} ms`;
  return [
    `state       ${state}`,
    `server      ampact ${version} for ${domains.join(", ")}, process ${pid}`,
    ...(since === undefined ? [] : [`started     ${timeText(since)}, ${lengthText(at - since)} ago`]),
    `sessions    ${count} (${transports.map(([name, own]) => `${name} ${own}`).join(", ")})`,
    `waiting     ${describeWaiting(waiting, at)}`,
    `event loop  late by ${late} in 99 of 100 cases`,
    `memory      ${Math.round(residentBytes / MEBIBYTE)} MiB`,
  ];
}

function describeWaiting(waiting: ServerStatus["waiting"], at: number): string {
  if (waiting === undefined) return "unknown: the store does not answer in time";
  const { messages, since, due } = waiting;
  const oldest = since === undefined ? "" : `, the oldest for ${lengthText(at - since)}`;
  return `${messages} messages${oldest}; ${due} deadlines have passed and are not carried out`;
}

function withTimes({ since, at, waiting, ...rest }: ToldStatus): object {
  return {
    ...rest,
    ...(since !== undefined && { since: timeText(since) }),
    at: timeText(at),
    ...(waiting !== undefined && {
      waiting: { ...waiting, ...(waiting.since !== undefined && { since: timeText(waiting.since) }) },
    }),
  };
}

function timeText(at: number): string {
  return new Date(at).toISOString();
}

/** A server that hangs is not ready. */
function inTime<T>(promise: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const fault = new AccountError(`Cannot tell status: the server does not answer within ${PATIENCE_MS / 1000} s`);
    const timer = setTimeout(() => reject(fault), PATIENCE_MS);
    promise.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
