/** `token add|list|remove`: tokens of the HTTP API. @module */
import type { AmpactServer } from "../server/create_server.ts";
import { AccountError } from "./account_error.ts";
import { carryOut } from "./carry_out.ts";
import type { TokenRequest } from "./command_line.ts";

/** The lines to print; of `add` the token alone. Throws AccountError, TokenError, ConfigError, StoreFault. */
export async function runTokenCommand(request: TokenRequest): Promise<readonly string[]> {
  const lines = await carryOut(request.kind, async () => request, runTokenRequest);
  // Not on standard output, so that a script can take the token from there.
  if (request.kind === "token add") console.error(`Made the token ${request.name}; it is not shown again:`);
  return lines;
}

/** Carries out a request on a started server. */
export async function runTokenRequest({ tokens }: AmpactServer, request: TokenRequest): Promise<readonly string[]> {
  switch (request.kind) {
    case "token add": {
      const token = await tokens.add(request.name, request.scopes);
      if (token !== undefined) return [token];
      throw new AccountError(`Cannot add token ${request.name}: the name is taken`);
    }
    case "token list":
      return (await tokens.list()).map(
        ({ name, scopes, at }) => `${name} ${scopes.join(",")} ${new Date(at).toISOString()}`,
      );
    case "token remove":
      if (await tokens.remove(request.name)) return [`Removed the token ${request.name}`];
      throw new AccountError(`Cannot remove token ${request.name}: there is no such token`);
    default:
      return request satisfies never;
  }
}
