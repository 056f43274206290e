/** POST /http-bind: XEP-0124 section 5. @module */
import type { Context } from "hono";
import type { Peer } from "../client_address.ts";
import { type HttpRuntime, peerOf } from "../http_runtime.ts";
import type { TransportContext } from "../transport_context.ts";
import { type BoshBody, type BoshCondition, BoshError, bodyLimits, readBody } from "./bosh_body.ts";
import type { BoshSession } from "./bosh_session.ts";
import { BoshSessionTable, terminalBody } from "./bosh_session_table.ts";
import type { BoshReply } from "./held_requests.ts";
import { RequestText, SlowRequestError } from "./request_text.ts";

const CORS = {
  "access-control-allow-origin": "*",
  "access-control-allow-methods": "GET, POST, OPTIONS",
  "access-control-allow-headers": "Content-Type, Content-Encoding",
  "access-control-max-age": "86400",
};
const CONTENT_TYPE = "text/xml; charset=utf-8";
/** A response is never a document: content of a stanza must not run as a script in the origin of the embedding app. */
const NEVER_A_DOCUMENT = {
  "content-security-policy": "default-src 'none'; sandbox",
  "x-content-type-options": "nosniff",
  "cache-control": "no-store",
};
/** How far into a request its `sid` is searched before the whole is read. */
const HEAD_CHARS = 2048;
/** More than a request may wait for its response. */
const SPARE_SECONDS = 30;
/** XEP-0124 section 17.1: for clients that have named no version. */
const LEGACY_STATUS: Partial<Record<BoshCondition, number>> = {
  "bad-request": 400,
  "policy-violation": 403,
  "item-not-found": 404,
};

export interface BoshRoute {
  post(c: Context): Promise<Response>;
  options(c: Context): Response;
  get(c: Context): Response;
}

export function createBoshRoute(context: TransportContext, runtime: HttpRuntime): BoshRoute {
  const sessions = new BoshSessionTable(context);
  const { services, uploads } = context;
  const limits = services.settings.xmlLimits;
  const strangers = context.strangers.limits.maxBytes;
  const most = bodyLimits(limits).maxBytes;
  const bounds = {
    least: strangers,
    most,
    of: (head: string) => {
      sessions.checkKnown(head);
      return sessions.isIdentified(head) ? most : strangers;
    },
  };

  async function post(c: Context): Promise<Response> {
    const peer = peerOf(c, runtime, context.trustsProxy);
    if (!context.origins.allows(c.req.header("origin"), peer)) return foreignOrigin();
    if (!peer.security.loopback && !uploads.hasRoom(peer.address)) return cut(429);
    const request = new RequestText(c.req.raw, bounds, (ms, task) => services.schedule(ms, task));
    let body: BoshBody;
    uploads.add(peer.address);
    try {
      const text = await request.read();
      sessions.checkKnown(text.slice(0, HEAD_CHARS));
      body = readBody(text, limits);
    } catch (error) {
      return error instanceof SlowRequestError ? cut(408) : refuse(request, error);
    } finally {
      uploads.remove(peer.address);
    }
    runtime.keepWaiting(c, services.settings.bosh.waitMax + SPARE_SECONDS);
    return respond(c, body, peer);
  }

  /** XEP-0124 section 17.2: a condition ends the session, also when the request cannot be read. */
  function refuse({ head }: RequestText, error: unknown): Response {
    const session = error instanceof BoshError ? sessions.failUnread(head, error.condition) : undefined;
    if (session === undefined) return errorResponse(error, context, undefined);
    const { condition } = error as BoshError;
    return sessionResponse(terminalBody(condition), condition, session);
  }

  function respond(c: Context, body: BoshBody, peer: Peer): Promise<Response> {
    return new Promise((resolve) => {
      const { signal } = c.req.raw;
      let session: BoshSession | undefined;
      const onAbort = () => session?.abandon(reply);
      // The session that this request creates may answer before it is known here.
      const reply: BoshReply = (text, condition) =>
        queueMicrotask(() => {
          // Deno also aborts a request that was answered, unless it runs with `no-legacy-abort`. Its `info.completed`
          // does not help: it reports a lost client only after the response.
          signal.removeEventListener("abort", onAbort);
          resolve(sessionResponse(text, condition, session));
        });
      try {
        signal.addEventListener("abort", onAbort);
        session = sessions.handle(body, peer, reply);
      } catch (error) {
        resolve(errorResponse(error, context, body));
      }
    });
  }

  return {
    post,
    options: (c) => {
      const peer = peerOf(c, runtime, context.trustsProxy);
      const isAllowed = context.origins.allows(c.req.header("origin"), peer);
      return isAllowed ? new Response(null, { status: 204, headers: CORS }) : foreignOrigin();
    },
    get: (c) => c.text("An XMPP endpoint for BOSH (XEP-0124, XEP-0206): send POST requests.\n", 200, CORS),
  };
}

/** Without CORS headers, so the page cannot read it. */
function foreignOrigin(): Response {
  return new Response(null, { status: 403, headers: { vary: "Origin", connection: "close" } });
}

/** The body of the request was not read, so the connection cannot be used again. */
function cut(status: 408 | 429): Response {
  return new Response(null, { status, headers: { ...CORS, connection: "close" } });
}

function sessionResponse(
  text: string,
  condition: BoshCondition | undefined,
  session: BoshSession | undefined,
): Response {
  const isLegacy = session !== undefined && session.parameters.ver === undefined;
  const status = (isLegacy && condition !== undefined && LEGACY_STATUS[condition]) || 200;
  return response(text, status, session?.parameters.content);
}

function errorResponse(error: unknown, { services }: TransportContext, body: BoshBody | undefined): Response {
  if (!(error instanceof BoshError)) services.log.error("bosh request failed", { error });
  const condition = error instanceof BoshError ? error.condition : "internal-server-error";
  // Only a session creation request tells whether its client knows the conditions.
  const isLegacy = body !== undefined && body.sid === undefined && !body.attributes.has("ver");
  return response(terminalBody(condition), (isLegacy && LEGACY_STATUS[condition]) || 200);
}

function response(text: string, status: number, contentType: string = CONTENT_TYPE): Response {
  return new Response(text, { status, headers: { ...CORS, ...NEVER_A_DOCUMENT, "content-type": contentType } });
}
