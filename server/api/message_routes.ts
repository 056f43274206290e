/** Messages over HTTP: sent, explained, and what became of one. @module */
import type { Context } from "hono";
import type { Outcomes } from "../../outcomes/outcomes.ts";
import type { Explanation } from "../explaining.ts";
import type { OutgoingMessage } from "../outgoing_message.ts";
import { KeyError, RuleError, type SendOptions, type SentMessage } from "../sending.ts";
import type { Cursors } from "./cursors.ts";
import { Problem } from "./problem.ts";
import { readKey, readMessage, readWait } from "./read_input.ts";
import { readJson, type Schedule } from "./request_body.ts";
import { MESSAGE } from "./schemas.ts";
import type { Slots } from "./slots.ts";
import { stepJson, timeText } from "./step_json.ts";

export interface MessageRoutesStart {
  readonly send: (message: OutgoingMessage, options: SendOptions) => SentMessage;
  readonly explain: (message: OutgoingMessage) => Promise<Explanation>;
  readonly outcomes: Pick<Outcomes, "get">;
  /** Messages of the application have a timeline. */
  readonly tracks: boolean;
  readonly cursors: Cursors;
  readonly schedule: Schedule;
  /** Lets a request wait that long, regardless of the HTTP server's own time limit. */
  readonly keepWaiting: (c: Context, seconds: number) => void;
}

/** How long an answer waits for the commit of the message. */
const ACCEPT_MS = 5000;
const SPARE_SECONDS = 30;

export interface MessageRoutes {
  post(c: Context, waits: Slots): Promise<Response>;
  explain(c: Context): Promise<Response>;
  get(c: Context): Promise<Response>;
}

export function createMessageRoutes(start: MessageRoutesStart): MessageRoutes {
  const { send, explain, outcomes, tracks, cursors, schedule, keepWaiting } = start;
  const read = async (c: Context) => asMessage(readMessage(MESSAGE, await readJson(c.req.raw, schedule)));

  return {
    async post(c, waits) {
      const key = readKey(c.req.header("idempotency-key"));
      const wait = readWait(c.req.header("prefer"));
      const message = await read(c);
      if (key !== undefined && !tracks) throw new Problem("no-timelines", { detail: "outcomes.track is none." });
      const ending = new AbortController();
      // A preference may be left aside (RFC 7240 section 2): what is held at a time has a bound.
      const leave = wait === undefined ? undefined : waits.take();
      try {
        const sent = send(message, { signal: ending.signal, ...(key !== undefined && { key }) });
        let accepted = false;
        const accepting = accepts(sent).then((is) => {
          accepted = is;
        });
        // Its failure is that of the sending.
        accepting.catch(() => {});
        const location = `${c.req.path}/${sent.id}`;
        if (wait === undefined || leave === undefined) {
          const isOver = await inTime(
            Promise.race([accepting, sent]).then(() => true),
            ACCEPT_MS,
            schedule,
          );
          return json({ id: sent.id, accepted: isOver === true }, 202, { location });
        }
        keepWaiting(c, wait + SPARE_SECONDS);
        const headers = { location, "preference-applied": `wait=${wait}` };
        const outcome = await inTime(sent, wait * 1000, schedule);
        return outcome === undefined
          ? json({ id: sent.id, accepted }, 202, headers)
          : json({ id: sent.id, outcome }, 200, headers);
      } catch (error) {
        throw problemOf(error);
      } finally {
        leave?.();
        // Whoever waits for steps of this message may go; the message itself goes on.
        ending.abort();
      }
    },

    async explain(c) {
      try {
        return json(await explain(await read(c)));
      } catch (error) {
        throw problemOf(error);
      }
    },

    async get(c) {
      const timeline = await outcomes.get(c.req.param("id") ?? "");
      if (timeline === undefined) throw new Problem("not-found");
      const { steps, at, ...rest } = timeline;
      return json({ ...rest, at: timeText(at), steps: steps.map((step) => stepJson(step, cursors)) });
    },
  };
}

export function json(body: unknown, status = 200, headers: Readonly<Record<string, string>> = {}): Response {
  return new Response(`${JSON.stringify(body)}\n`, {
    status,
    headers: { "content-type": "application/json", "cache-control": "no-store", ...headers },
  });
}

/** Rules are checked by send() and explain(), which name each one at fault. */
function asMessage(message: object): OutgoingMessage {
  return message as OutgoingMessage;
}

/** Resolves when it lies in durable storage, or has reached its end; false: the waiting has ended before. */
async function accepts({ steps }: SentMessage): Promise<boolean> {
  for await (const { kind } of steps) if (kind === "accepted" || kind === "settled") return true;
  return false;
}

/** Undefined: not within that time. */
function inTime<Value>(promise: Promise<Value>, ms: number, schedule: Schedule): Promise<Value | undefined> {
  return new Promise((resolve, reject) => {
    const stop = schedule(ms, () => resolve(undefined));
    promise.then(resolve, reject).finally(stop);
  });
}

function problemOf(error: unknown): unknown {
  if (error instanceof RuleError) {
    const errors = error.rules.map(({ condition = "", value = "", action = "" }) => ({
      at: "/rules",
      detail: `${condition}=${value} (${action})`,
      rule: { condition, value, action },
    }));
    return new Problem("invalid-rules", { detail: error.message, errors });
  }
  return error instanceof KeyError ? new Problem("key-conflict") : error;
}
