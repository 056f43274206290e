/** The HTTP API described: OpenAPI 3.1, from the schemas that read and write it. @module */
import { toJsonSchema } from "@valibot/to-json-schema";
import type * as v from "valibot";
import { PROBLEM_KINDS, PROBLEM_TYPE, type ProblemKind, problemType, statusOf } from "./problem.ts";
import {
  EXPLANATION,
  MAX_KEY,
  MAX_WAIT_SECONDS,
  MESSAGE,
  OUTCOMES_PAGE,
  OUTCOMES_QUERY,
  PROBLEM,
  SENT,
  STEP,
  STREAM_QUERY,
  TIMELINE,
} from "./schemas.ts";

type Json = Readonly<Record<string, unknown>>;

const COMPONENTS = {
  Message: MESSAGE,
  Sent: SENT,
  Timeline: TIMELINE,
  Step: STEP,
  Explanation: EXPLANATION,
  OutcomesPage: OUTCOMES_PAGE,
  Problem: PROBLEM,
} as const;

type ComponentName = keyof typeof COMPONENTS;

/** What every route may answer. */
const COMMON: readonly ProblemKind[] = ["unauthorized", "too-many-requests", "unavailable", "fault"];
const OF_BODY: readonly ProblemKind[] = [
  "invalid-json",
  "slow-request",
  "too-large",
  "unsupported-media-type",
  "invalid-message",
  "invalid-rules",
];

/** `base`: the path at which the API is mounted. */
export function openApi(version: string, base: string): Json {
  return {
    openapi: "3.1.1",
    info: {
      title: "ampact",
      version,
      description: "Sends messages, and tells what became of each. The tokens are made by the server's command line.",
    },
    servers: [{ url: base === "" ? "/" : base }],
    security: [{ token: [] }],
    paths: {
      "/messages": { post: postMessage() },
      "/messages/{id}": { get: getMessage() },
      "/explain": { post: explainMessage() },
      "/outcomes": { get: listOutcomes() },
      "/outcomes/stream": { get: streamOutcomes() },
      "/openapi.json": { get: describe() },
    },
    components: {
      securitySchemes: { token: { type: "http", scheme: "bearer" } },
      schemas: Object.fromEntries(Object.entries(COMPONENTS).map(([name, schema]) => [name, jsonSchema(schema)])),
    },
  };
}

function postMessage(): Json {
  return {
    operationId: "sendMessage",
    summary: "Sends a message. Scope: send",
    parameters: [
      header(
        "Idempotency-Key",
        { type: "string", minLength: 1, maxLength: MAX_KEY },
        "The same key stands for the same message, which is sent once",
      ),
      header(
        "Prefer",
        { type: "string" },
        `wait=N: waits up to N seconds, at most ${MAX_WAIT_SECONDS}, for the first outcome`,
      ),
    ],
    requestBody: body("Message"),
    responses: {
      200: content("The first outcome has come in time", "Sent"),
      202: content("The message is on its way", "Sent"),
      ...problems([...OF_BODY, "invalid-header", "key-conflict", "no-timelines", "missing-scope"]),
    },
  };
}

function getMessage(): Json {
  return {
    operationId: "getMessage",
    summary: "Tells what became of a message. Scope: read",
    parameters: [{ name: "id", in: "path", required: true, schema: { type: "string" } }],
    responses: { 200: content("Its timeline", "Timeline"), ...problems(["missing-scope", "not-found"]) },
  };
}

function explainMessage(): Json {
  return {
    operationId: "explainMessage",
    summary: "Tells what would become of a message now, and sends nothing. Scope: send",
    requestBody: body("Message"),
    responses: {
      200: content("What would become of it", "Explanation"),
      ...problems([...OF_BODY, "missing-scope"]),
    },
  };
}

function listOutcomes(): Json {
  return {
    operationId: "listOutcomes",
    summary: "Lists messages and their outcomes, newest first. Scope: read",
    parameters: query(OUTCOMES_QUERY),
    responses: {
      200: content("A page of them", "OutcomesPage"),
      ...problems(["invalid-query", "cursor-gone", "missing-scope"]),
    },
  };
}

function streamOutcomes(): Json {
  return {
    operationId: "streamOutcomes",
    summary: "Follows the steps of all messages as server-sent events. Scope: read",
    description:
      "The data of each event is a Step with the sender and the recipient of its message, its id the cursor of the step. Each comes at least once.",
    parameters: [
      ...query(STREAM_QUERY),
      header("Last-Event-ID", { type: "string" }, "The id of the last event that was handled"),
    ],
    responses: {
      200: { description: "Events", content: { "text/event-stream": { schema: { type: "string" } } } },
      ...problems(["invalid-query", "cursor-gone", "missing-scope", "too-many-streams"]),
    },
  };
}

function describe(): Json {
  return {
    operationId: "describe",
    summary: "This document. Any scope",
    responses: {
      200: { description: "OpenAPI 3.1", content: { "application/json": { schema: { type: "object" } } } },
      ...problems([]),
    },
  };
}

function jsonSchema(schema: v.GenericSchema): Json {
  // What JSON Schema cannot say, such as the syntax of a JID, is left out; so is the mark of the draft, which OpenAPI 3.1 implies.
  const { $schema: _, ...rest } = toJsonSchema(schema, { target: "draft-2020-12", errorMode: "ignore" });
  return rest;
}

function query({ entries }: { readonly entries: Readonly<Record<string, v.GenericSchema>> }): readonly Json[] {
  return Object.entries(entries).map(([name, schema]) => ({ name, in: "query", schema: jsonSchema(schema) }));
}

function header(name: string, schema: Json, description: string): Json {
  return { name, in: "header", schema, description };
}

function body(name: ComponentName): Json {
  return { required: true, content: { "application/json": { schema: reference(name) } } };
}

function content(description: string, name: ComponentName, type = "application/json"): Json {
  return { description, content: { [type]: { schema: reference(name) } } };
}

function problems(kinds: readonly ProblemKind[]): Json {
  const byStatus = Map.groupBy([...kinds, ...COMMON], statusOf);
  return Object.fromEntries(
    [...byStatus].map(([status, same]) => [
      status,
      content(
        PROBLEM_KINDS.filter((kind) => same.includes(kind))
          .map(problemType)
          .join(", "),
        "Problem",
        PROBLEM_TYPE,
      ),
    ]),
  );
}

function reference(name: ComponentName): Json {
  return { $ref: `#/components/schemas/${name}` };
}
