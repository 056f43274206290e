/**
 * The HTTP API as one Hono app, to be mounted at a path of its own: `app.route("/api", xmpp.api)`. Without any token it is not there:
 * every path has the app's own 404. With one, whoever has no valid token gets the same 401 for every path.
 * @module
 */
import { type Context, Hono } from "hono";
import { type ApiToken, type Scope, StoreFault } from "../../store/store.ts";
import { AttemptLimit } from "../../transport/attempt_limit.ts";
import type { Log } from "../../xmpp/log.ts";
import type { ApiTokens } from "./api_tokens.ts";
import { json, type MessageRoutes } from "./message_routes.ts";
import { openApi } from "./open_api.ts";
import type { OutcomeRoutes } from "./outcome_routes.ts";
import { Problem } from "./problem.ts";
import { Slots } from "./slots.ts";

export interface ApiStart {
  readonly tokens: ApiTokens;
  readonly messages: MessageRoutes;
  readonly outcomes: OutcomeRoutes;
  readonly limits: ApiLimits;
  readonly isRunning: () => boolean;
  readonly version: string;
  readonly log: Log;
  now(): number;
}

export interface ApiLimits {
  /** Of one token; 0: any number. */
  readonly requestsPerSecond: number;
  /** Of one token, at a time. */
  readonly streams: number;
}

/** Requests of one token that wait for an outcome at a time. */
const MAX_WAITING = 200;
const SECOND_MS = 1000;

interface TokenSlots {
  readonly streams: Slots;
  readonly waits: Slots;
}

type Api = { Variables: { token: ApiToken } };
type Handler = (c: Context<Api>) => Response | Promise<Response>;

export function createApi({ tokens, messages, outcomes, limits, isRunning, version, log, now }: ApiStart): Hono {
  const requests = new AttemptLimit(limits.requestsPerSecond, SECOND_MS);
  /** By hash: those of a token that is gone serve its open streams until they have ended. */
  const slots = new Map<string, TokenSlots>();
  const slotsOf = ({ hash }: ApiToken): TokenSlots => {
    const known = slots.get(hash) ?? { streams: new Slots(limits.streams), waits: new Slots(MAX_WAITING) };
    slots.set(hash, known);
    return known;
  };
  const scoped =
    (scope: Scope, handler: Handler): Handler =>
    (c) => {
      if (c.var.token.scopes.includes(scope)) return handler(c);
      throw new Problem("missing-scope", {
        detail: `It needs the scope ${scope}.`,
        headers: { "www-authenticate": `Bearer error="insufficient_scope", scope="${scope}"` },
      });
    };

  const app = new Hono<Api>();
  app.onError((error) => problemOf(error, log).response());
  app.use("*", async (c, next) => {
    if (!isRunning()) throw new Problem("unavailable");
    if (!(await tokens.exist())) return c.notFound();
    const authorization = c.req.header("authorization");
    const token = await tokens.find(authorization);
    if (token === undefined) throw unauthorized(authorization !== undefined);
    if (requests.isExhausted(token.hash, now())) {
      throw new Problem("too-many-requests", { headers: { "retry-after": "1" } });
    }
    requests.count(token.hash, now());
    c.set("token", token);
    return next();
  });
  const routes: readonly (readonly [method: "GET" | "POST", path: string, handler: Handler])[] = [
    ["POST", "/messages", scoped("send", (c) => messages.post(c, slotsOf(c.var.token).waits))],
    ["GET", "/messages/:id", scoped("read", (c) => messages.get(c))],
    ["POST", "/explain", scoped("send", (c) => messages.explain(c))],
    ["GET", "/outcomes", scoped("read", (c) => outcomes.list(c))],
    [
      "GET",
      "/outcomes/stream",
      scoped("read", (c) => outcomes.stream(c, slotsOf(c.var.token).streams, () => tokens.isValid(c.var.token))),
    ],
    ["GET", "/openapi.json", (c) => json(openApi(version, c.req.path.replace(/\/openapi\.json$/, "")))],
  ];
  for (const [method, path, handler] of routes) {
    app.on(method, path, handler);
    app.all(path, () => {
      throw new Problem("method-not-allowed", { headers: { allow: method } });
    });
  }
  app.all("*", () => {
    throw new Problem("not-found");
  });
  // A mounted app has no use for the type of its variables.
  return app as unknown as Hono;
}

/** RFC 6750 section 3: no error code for a request without any token. */
function unauthorized(hadOne: boolean): Problem {
  return new Problem("unauthorized", {
    headers: { "www-authenticate": hadOne ? 'Bearer error="invalid_token"' : "Bearer" },
  });
}

function problemOf(error: Error, log: Log): Problem {
  if (error instanceof Problem) return error;
  if (error instanceof StoreFault) {
    log.warn("request over the API failed", { fault: error.kind, message: error.message });
    return new Problem("unavailable", { headers: { "retry-after": "5" } });
  }
  log.error("request over the API failed", { error });
  return new Problem("fault");
}
