/** What a request asks for, checked: a fault names its place. @module */
import type { Context } from "hono";
import * as v from "valibot";
import { type Fault, Problem } from "./problem.ts";
import { MAX_KEY, MAX_WAIT_SECONDS } from "./schemas.ts";

const INTEGER = /^\d{1,9}$/;
/** RFC 8941 section 3.3.3, as the Idempotency-Key draft asks for; a bare text is taken too. */
const QUOTED = /^"((?:[^"\\]|\\["\\])*)"$/;

/** Throws Problem invalid-message. */
export function readMessage<Schema extends v.GenericSchema>(schema: Schema, json: unknown): v.InferOutput<Schema> {
  const read = v.safeParse(schema, json, { abortPipeEarly: true });
  if (read.success) return read.output;
  throw new Problem("invalid-message", {
    errors: read.issues.map((issue) => ({ at: pointer(issue), ...told(issue) })),
  });
}

/** Throws Problem invalid-query. */
export function readQuery<Schema extends v.GenericSchema>(schema: Schema, c: Context): v.InferOutput<Schema> {
  const given = Object.entries(c.req.query()).map(([name, text]) => [name, name === "limit" ? asNumber(text) : text]);
  const read = v.safeParse(schema, Object.fromEntries(given), { abortPipeEarly: true });
  if (read.success) return read.output;
  const errors = read.issues.map((issue) => ({ at: String(issue.path?.[0].key ?? ""), ...told(issue) }));
  throw new Problem("invalid-query", { errors });
}

/** Undefined: there is none. Throws Problem invalid-header. */
export function readKey(header: string | undefined): string | undefined {
  if (header === undefined) return undefined;
  const key = QUOTED.exec(header)?.[1]?.replace(/\\(.)/g, "$1") ?? header;
  if (key !== "" && key.length <= MAX_KEY) return key;
  const detail = `It has 1 to ${MAX_KEY} characters`;
  throw new Problem("invalid-header", { errors: [{ at: "Idempotency-Key", detail }] });
}

/** Seconds; undefined: no preference that is known (RFC 7240 section 2: others are ignored). */
export function readWait(prefer: string | undefined): number | undefined {
  const seconds = /(?:^|[,;])\s*wait\s*=\s*"?(\d{1,9})"?\s*(?=[,;]|$)/i.exec(prefer ?? "")?.[1];
  return seconds === undefined ? undefined : Math.min(Number(seconds), MAX_WAIT_SECONDS);
}

function asNumber(text: string): unknown {
  return INTEGER.test(text) ? Number(text) : text;
}

type Issue = v.BaseIssue<unknown>;

function told({ message, received }: Issue): Pick<Fault, "detail"> {
  // Valibot quotes what it has received, which may be the content of a message.
  const text = message.replace(/(?: but received|: Received) [\s\S]*$/, "");
  return { detail: received === "undefined" ? `${text}; it is missing` : text };
}

/** RFC 6901. */
function pointer({ path }: Issue): string {
  return (path ?? []).map(({ key }) => `/${String(key).replaceAll("~", "~0").replaceAll("/", "~1")}`).join("");
}
