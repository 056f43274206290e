/** Carries out what came over the control socket. @module */
import type { AmpactServer } from "../server/create_server.ts";
import { runHoldRequest } from "./backup_command.ts";
import type { ControlRequest } from "./command_line.ts";
import { runExplainRequest } from "./explain_command.ts";
import { runPendingRequest } from "./pending_command.ts";
import { runS2sRequest } from "./s2s_command.ts";
import { runSessionsRequest } from "./sessions_command.ts";
import { runStatusRequest } from "./status_command.ts";
import { runTokenRequest } from "./token_command.ts";
import { runTraceRequest } from "./trace_command.ts";
import { runAccountRequest } from "./user_command.ts";

export function runRequest(server: AmpactServer, request: ControlRequest): Promise<readonly string[]> {
  switch (request.kind) {
    case "token add":
    case "token list":
    case "token remove":
      return runTokenRequest(server, request);
    case "s2s show":
    case "s2s test":
      return runS2sRequest(server, request);
    case "explain":
      return runExplainRequest(server, request);
    case "trace":
      return runTraceRequest(server, request);
    case "backup begin":
    case "backup keep":
    case "backup end":
      return runHoldRequest(server, request);
    case "status":
      return runStatusRequest(server);
    case "sessions":
    case "kick":
      return runSessionsRequest(server, request);
    case "pending":
      return runPendingRequest(server, request);
    default:
      return runAccountRequest(server, request);
  }
}
