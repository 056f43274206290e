/**
 * Steps as server-sent events (WHATWG HTML section 9.2). A stream reads from the store when its client reads, so a client that stops holds
 * up nobody; one that takes nothing for a minute loses its stream, and may go on by Last-Event-ID.
 * @module
 */
import type { Context } from "hono";
import type { FollowOptions, TimedStep } from "../../outcomes/outcomes.ts";
import type { Log } from "../../xmpp/log.ts";
import type { Cursors } from "./cursors.ts";
import type { Schedule } from "./request_body.ts";
import { stepJson } from "./step_json.ts";

export interface OpenStreamsStart {
  readonly follow: (options: FollowOptions) => AsyncIterableIterator<TimedStep>;
  readonly cursors: Cursors;
  readonly schedule: Schedule;
  readonly keepWaiting: (c: Context, seconds: number) => void;
  readonly log: Log;
}

export interface StreamOptions {
  readonly after: number;
  /** Whether the token is still valid. */
  readonly isValid: () => Promise<boolean>;
  /** The stream has ended. */
  readonly leave: () => void;
}

const HEARTBEAT_MS = 15_000;
/** Heartbeats without a read, after which a stream ends. */
const STALLED_BEATS = 4;
/** A connection may be silent that long. */
const IDLE_SECONDS = 60;
/** How soon a client that has lost its stream comes again, in milliseconds. */
const RETRY_MS = 2000;
const HEADERS = {
  "content-type": "text/event-stream",
  "cache-control": "no-store",
  // nginx gathers answers otherwise.
  "x-accel-buffering": "no",
};

export class OpenStreams {
  readonly #start: OpenStreamsStart;
  readonly #open = new Set<OutcomeStream>();

  constructor(start: OpenStreamsStart) {
    this.#start = start;
  }

  get count(): number {
    return this.#open.size;
  }

  open(c: Context, { leave, ...options }: StreamOptions): Response {
    this.#start.keepWaiting(c, IDLE_SECONDS);
    const ended = () => {
      this.#open.delete(stream);
      leave();
    };
    const stream = new OutcomeStream(this.#start, { ...options, leave: ended });
    this.#open.add(stream);
    return new Response(stream.body, { headers: HEADERS });
  }

  closeAll(): void {
    for (const stream of this.#open) stream.end();
  }
}

class OutcomeStream {
  readonly body: ReadableStream<Uint8Array>;
  readonly #start: OpenStreamsStart;
  readonly #options: StreamOptions;
  readonly #ending = new AbortController();
  readonly #steps: AsyncIterableIterator<TimedStep>;
  readonly #utf8 = new TextEncoder();
  #controller!: ReadableStreamDefaultController<Uint8Array>;
  #stalledBeats = 0;
  #stopBeat: () => void;

  constructor(start: OpenStreamsStart, options: StreamOptions) {
    this.#start = start;
    this.#options = options;
    this.#steps = start.follow({ after: options.after, signal: this.#ending.signal });
    this.#stopBeat = this.#scheduleBeat();
    this.body = new ReadableStream<Uint8Array>({
      start: (controller) => {
        this.#controller = controller;
        this.#write(`retry: ${RETRY_MS}\n\n`);
      },
      pull: () => this.#pull(),
      cancel: () => this.#close(),
    });
  }

  /** From this side. */
  end(): void {
    if (this.#ending.signal.aborted) return;
    this.#close();
    this.#controller.close();
  }

  async #pull(): Promise<void> {
    try {
      const { done, value } = await this.#steps.next();
      if (this.#ending.signal.aborted) return;
      if (done) return this.end();
      const { cursors } = this.#start;
      this.#write(`id: ${cursors.write(value.cursor)}\ndata: ${JSON.stringify(stepJson(value, cursors))}\n\n`);
    } catch (error) {
      if (this.#ending.signal.aborted) return;
      this.#start.log.error("cannot read steps for a stream", { error });
      this.end();
    }
  }

  #write(text: string): void {
    this.#controller.enqueue(this.#utf8.encode(text));
  }

  #scheduleBeat(): () => void {
    return this.#start.schedule(HEARTBEAT_MS, () => void this.#beat());
  }

  async #beat(): Promise<void> {
    const isValid = await this.#options.isValid().catch(() => false);
    if (this.#ending.signal.aborted) return;
    const isRead = (this.#controller.desiredSize ?? 0) > 0;
    this.#stalledBeats = isRead ? 0 : this.#stalledBeats + 1;
    if (!isValid || this.#stalledBeats >= STALLED_BEATS) return this.end();
    if (isRead) this.#write(":\n\n");
    this.#stopBeat = this.#scheduleBeat();
  }

  #close(): void {
    if (this.#ending.signal.aborted) return;
    this.#ending.abort();
    this.#stopBeat();
    this.#options.leave();
  }
}
