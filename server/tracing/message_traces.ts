/**
 * One OpenTelemetry trace for each tracked message: a span from its acceptance to its end, with its steps as events. It is written when
 * the message is settled, from what is kept, so no span waits in memory and the path of a message does not know of it. A stop leaves
 * out what was settled and not read yet.
 * @module
 */
import { SpanKind, SpanStatusCode, type Tracer, trace } from "@opentelemetry/api";
import type { FollowedStep, Outcomes, Timeline } from "../../outcomes/outcomes.ts";
import type { Log } from "../../xmpp/log.ts";
import { pauseAfter, sleep } from "../retry_pause.ts";

const LONGEST_PAUSE_MS = 60_000;

export interface MessageTracesStart {
  readonly version: string;
  readonly outcomes: Pick<Outcomes, "get" | "follow">;
  readonly log: Log;
  schedule(ms: number, task: () => void): () => void;
}

export class MessageTraces {
  readonly #start: MessageTracesStart;
  #stopping: AbortController | undefined;
  #running: Promise<void> = Promise.resolve();

  constructor(start: MessageTracesStart) {
    this.#start = start;
  }

  /** Traces what is settled after that cursor, where a TracerProvider is registered by now. */
  run(newest: number): void {
    const tracer = registeredTracer(this.#start.version);
    if (tracer === undefined) return;
    this.#stopping = new AbortController();
    this.#running = this.#follow(tracer, newest, this.#stopping.signal);
  }

  async stop(): Promise<void> {
    this.#stopping?.abort();
    this.#stopping = undefined;
    await this.#running;
  }

  async #follow(tracer: Tracer, newest: number, signal: AbortSignal): Promise<void> {
    const { outcomes, log, schedule } = this.#start;
    let after = newest;
    for (let failures = 1; !signal.aborted; failures++) {
      try {
        for await (const step of outcomes.follow({ after, signal })) {
          failures = 0;
          if (step.kind === "settled") await this.#trace(tracer, step);
          after = step.cursor;
        }
      } catch (error) {
        log.error("cannot read outcomes for traces", { error });
        await sleep(pauseAfter(failures, LONGEST_PAUSE_MS), schedule, signal);
      }
    }
  }

  async #trace(tracer: Tracer, { message }: FollowedStep): Promise<void> {
    const timeline = await this.#start.outcomes.get(message);
    // Without: it was pruned meanwhile.
    if (timeline !== undefined) writeSpan(tracer, timeline);
  }
}

/** Undefined: nobody would see a span. */
function registeredTracer(version: string): Tracer | undefined {
  const provider = trace.getTracerProvider() as { getDelegateTracer?: (name: string, version: string) => unknown };
  const isRegistered =
    provider.getDelegateTracer === undefined || provider.getDelegateTracer("ampact", version) !== undefined;
  return isRegistered ? trace.getTracer("ampact", version) : undefined;
}

/** Attributes as the semantic conventions for messaging have them. No content of the message is known here. */
function writeSpan(tracer: Tracer, { id, key, stanza, from, to, at, steps, outcome }: Timeline): void {
  const span = tracer.startSpan("message", {
    kind: SpanKind.PRODUCER,
    root: true,
    startTime: at,
    attributes: {
      "messaging.system": "xmpp",
      "messaging.operation.type": "send",
      "messaging.message.id": id,
      "messaging.destination.name": to,
      "ampact.from": from,
      ...(stanza !== undefined && { "ampact.stanza": stanza }),
      ...(key !== undefined && { "ampact.key": key }),
      ...(outcome !== undefined && { "ampact.outcome": outcome.kind }),
    },
  });
  for (const { message: _, at: time, cursor: __, kind, ...detail } of steps) {
    span.addEvent(kind, attributesOf(detail), time);
  }
  if (outcome?.kind === "none") span.setStatus({ code: SpanStatusCode.ERROR, message: outcome.condition });
  span.end(steps.at(-1)?.at ?? at);
}

function attributesOf(detail: Readonly<Record<string, unknown>>): Record<string, string | number | boolean> {
  const entries = Object.entries(detail).map(([name, value]) => [name, isPlain(value) ? value : JSON.stringify(value)]);
  return Object.fromEntries(entries);
}

function isPlain(value: unknown): value is string | number | boolean {
  return ["string", "number", "boolean"].includes(typeof value);
}
