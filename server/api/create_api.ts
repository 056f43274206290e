/** The parts of the HTTP API, joined. @module */
import type { Context, Hono } from "hono";
import type { Outcomes } from "../../outcomes/outcomes.ts";
import type { AsyncStore } from "../../store/store.ts";
import type { Log } from "../../xmpp/log.ts";
import type { Sender } from "../sending.ts";
import { type ApiLimits, createApi } from "./api_app.ts";
import { ApiTokens, type Tokens } from "./api_tokens.ts";
import { Cursors } from "./cursors.ts";
import { createMessageRoutes } from "./message_routes.ts";
import { OpenStreams } from "./open_streams.ts";
import { createOutcomeRoutes } from "./outcome_routes.ts";
import type { Schedule } from "./request_body.ts";

export interface HttpApiStart {
  readonly sender: Pick<Sender, "send" | "explain">;
  readonly outcomes: Outcomes;
  /** Messages of the application have a timeline. */
  readonly tracks: boolean;
  readonly limits: ApiLimits;
  readonly database: () => Pick<AsyncStore, "putToken" | "tokens" | "removeToken" | "stepsAfter">;
  /** Random, of the store. */
  readonly secret: () => Uint8Array;
  readonly isRunning: () => boolean;
  readonly keepWaiting: (c: Context, seconds: number) => void;
  readonly schedule: Schedule;
  readonly version: string;
  readonly log: Log;
  now(): number;
}

export interface HttpApi {
  readonly app: Hono;
  readonly tokens: Tokens;
  /** Ends its streams. */
  stop(): void;
}

export function createHttpApi(start: HttpApiStart): HttpApi {
  const { sender, outcomes, database } = start;
  const tokens = new ApiTokens(start);
  const cursors = new Cursors(start.secret);
  const streams = new OpenStreams({ ...start, follow: outcomes.follow, cursors });
  const app = createApi({
    ...start,
    tokens,
    messages: createMessageRoutes({
      ...start,
      cursors,
      send: (message, options) => sender.send(message, options),
      explain: (message) => sender.explain(message),
    }),
    outcomes: createOutcomeRoutes({
      outcomes,
      cursors,
      streams,
      hasStep: async (cursor) => (await database().stepsAfter(cursor - 1, 1))[0]?.cursor === cursor,
    }),
  });
  return { app, tokens, stop: () => streams.closeAll() };
}
