/** A webhook with a real endpoint, and with steps, store and clock that the test has in its hands. @module */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { FollowedStep } from "../../../outcomes/outcomes.ts";
import { followed } from "../../../outcomes/outcomes.ts";
import { type Step, writeStep } from "../../../outcomes/step.ts";
import type { OutcomeWebhook } from "../../../server/webhooks/webhook_setting.ts";
import { nameOf } from "../../../server/webhooks/webhook_state.ts";
import { Webhook, type WebhookStart } from "../../../server/webhooks/webhooks.ts";
import type { FollowedStepRow } from "../../../store/store.ts";
import { TestLog } from "../../conversation/test_log.ts";

export const SECRET = "sixteen or more characters";
const START = Date.parse("2026-11-22T14:00:00Z");

export interface Hit {
  readonly id: string;
  readonly headers: IncomingMessage["headers"];
  readonly text: string;
  readonly message: string;
  readonly kind: string;
}

/** How the endpoint answers; "hang": not at all. */
export type Answer = number | "hang" | "endless" | "garbage";

export class Endpoint {
  readonly hits: Hit[] = [];
  answer: (hit: Hit) => Answer = () => 204;
  /** Connections that were broken off. */
  broken = 0;
  readonly #server: Server;

  private constructor() {
    this.#server = createServer((request, response) => this.#serve(request, response));
  }

  static async open(): Promise<Endpoint> {
    const endpoint = new Endpoint();
    await new Promise<void>((resolve) => endpoint.#server.listen(0, "127.0.0.1", resolve));
    return endpoint;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/hook`;
  }

  close(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  get told(): string[] {
    return this.hits.map(({ message, kind }) => `${message} ${kind}`);
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    await new Promise((resolve) => request.once("end", resolve));
    response.once("close", () => {
      if (!response.writableFinished) this.broken++;
    });
    const text = Buffer.concat(chunks).toString();
    const { headers } = request;
    const hit = { ...JSON.parse(text), id: String(headers["webhook-id"]), headers, text } as Hit;
    this.hits.push(hit);
    const answer = this.answer(hit);
    if (answer === "hang") return;
    if (answer === "garbage") {
      request.socket.end("rubbish\r\n\r\n");
      return;
    }
    if (answer === "endless") {
      response.writeHead(200);
      const timer = setInterval(() => response.write("x".repeat(10_000)), 1);
      response.once("close", () => clearInterval(timer));
      return;
    }
    response.writeHead(answer, { location: "/elsewhere" }).end("an answer");
  }
}

/** Timers that run when the test says so. */
class Clock {
  now = START;
  /** Of all timers so far, in milliseconds. */
  readonly delays: number[] = [];
  #timers: { readonly at: number; readonly task: () => void }[] = [];

  schedule = (ms: number, task: () => void): (() => void) => {
    const timer = { at: this.now + ms, task };
    this.delays.push(ms);
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer);
    };
  };

  get pending(): number {
    return this.#timers.length;
  }

  async advance(ms: number): Promise<void> {
    const end = this.now + ms;
    for (;;) {
      const [next] = this.#timers.filter(({ at }) => at <= end).toSorted((a, b) => a.at - b.at);
      if (next === undefined) break;
      this.#timers = this.#timers.filter((other) => other !== next);
      this.now = Math.max(this.now, next.at);
      next.task();
      await settle();
    }
    this.now = end;
  }
}

/** What is under way over real sockets has time to end. */
export function settle(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 20));
}

export async function until(holds: () => boolean, what: string): Promise<void> {
  for (let waited = 0; waited < 1500; waited++) {
    if (holds()) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error(`Never: ${what}`);
}

export class HookStage {
  readonly log = new TestLog();
  readonly warnings: string[] = [];
  readonly clock = new Clock();
  readonly #kept = new Map<string, string>();
  readonly #rows: FollowedStepRow[] = [];
  #woken: (() => void)[] = [];

  /** Commits a step of a message from romeo to juliet. */
  step(message: string, step: Step = { kind: "accepted" }, to = "juliet@example.org"): void {
    const { kind, detail, settles } = writeStep(step);
    const cursor = this.#rows.length + 1;
    const row = { cursor, timeline: message, at: this.clock.now, kind, detail, settles };
    this.#rows.push({ ...row, began: this.clock.now, from: "romeo@example.net/orchard", to });
    for (const wake of this.#woken.splice(0)) wake();
  }

  /** Begins where the one before it has stopped, as after a restart. */
  webhook(hook: Partial<OutcomeWebhook> & { readonly url: string }, find?: WebhookStart["find"]): Webhook {
    const full: OutcomeWebhook = { secret: SECRET, allow_private: true, ...hook };
    const start: WebhookStart = {
      storeKey: new Uint8Array(16),
      follow: (options) => this.#follow(options?.after ?? 0, options?.signal),
      store: () => ({
        stepsAfter: async (cursor, limit) => this.#after(cursor).slice(0, limit),
        lastStep: async () => this.#rows.length,
        putFollower: async (name, state) => void this.#kept.set(name, state),
      }),
      find: find ?? (async () => [{ address: "127.0.0.1", family: 4 }]),
      log: {
        debug() {},
        info() {},
        warn: (what, record) => this.#warn(what, record),
        error: (what, record) => this.log.error(what, record),
      },
      now: () => this.clock.now,
      schedule: this.clock.schedule,
    };
    return new Webhook(full, start, this.#kept.get(nameOf(full.url)), 0);
  }

  #warn(what: string, record: Record<string, unknown> = {}): void {
    this.warnings.push(`${what}: ${record.why}`);
  }

  #after(cursor: number): readonly FollowedStepRow[] {
    return this.#rows.filter((row) => row.cursor > cursor);
  }

  async *#follow(after: number, signal: AbortSignal | undefined): AsyncIterableIterator<FollowedStep> {
    let cursor = after;
    while (!signal?.aborted) {
      for (const row of this.#after(cursor)) {
        if (signal?.aborted) return;
        cursor = row.cursor;
        yield followed(row);
      }
      await new Promise<void>((resolve) => {
        if (this.#after(cursor).length > 0) resolve();
        this.#woken.push(resolve);
        signal?.addEventListener("abort", () => resolve(), { once: true });
      });
    }
  }
}
