/** `trace ID`: what became of a message, from its timeline. @module */
import type { Timeline } from "../outcomes/outcomes.ts";
import type { AmpactServer } from "../server/create_server.ts";
import { AccountError } from "./account_error.ts";
import { carryOut } from "./carry_out.ts";
import type { TraceRequest } from "./command_line.ts";
import { drawTimeline } from "./draw_timeline.ts";

/** The lines to print. Throws AccountError, ConfigError, StoreFault. */
export function runTraceCommand(request: TraceRequest): Promise<readonly string[]> {
  return carryOut("trace", async () => request, runTraceRequest);
}

/** Carries out a request on a started server. */
export async function runTraceRequest(
  { outcomes }: AmpactServer,
  { message, json }: TraceRequest,
): Promise<readonly string[]> {
  const timeline = await outcomes.get(message);
  if (timeline === undefined) throw new AccountError("Cannot trace message: there is no timeline of it");
  return json ? [JSON.stringify(withTimes(timeline))] : drawTimeline(timeline);
}

/** As in the HTTP API. */
function withTimes({ at, steps, ...rest }: Timeline): object {
  return { ...rest, at: timeText(at), steps: steps.map((step) => ({ ...step, at: timeText(step.at) })) };
}

function timeText(at: number): string {
  return new Date(at).toISOString();
}
