import { expect, test } from "bun:test";
import type { Context } from "hono";
import type { TimedStep } from "../../../mod.ts";
import { Cursors } from "../../../server/api/cursors.ts";
import { OpenStreams, type StreamOptions } from "../../../server/api/open_streams.ts";
import { SILENT_LOG } from "../../../xmpp/log.ts";

const BEAT_MS = 15_000;
type Reader = Pick<ReadableStreamDefaultReader<Uint8Array>, "read" | "cancel">;

const NO_REQUEST = {} as Context;

/** Streams over steps that a test tells, with beats at its word. */
class Stage {
  readonly beats: (() => void)[] = [];
  readonly streams: OpenStreams;
  left = 0;
  isValid = true;
  #tell: (() => void)[] = [];
  #steps: TimedStep[] = [];

  constructor() {
    this.streams = new OpenStreams({
      follow: ({ after = 0, signal } = {}) => this.#follow(after, signal),
      cursors: new Cursors(() => new Uint8Array(16)),
      schedule: (ms, task) => {
        expect(ms).toBe(BEAT_MS);
        this.beats.push(task);
        return () => this.beats.splice(this.beats.indexOf(task), 1);
      },
      keepWaiting: () => {},
      log: SILENT_LOG,
    });
  }

  async *#follow(after: number, signal: AbortSignal | undefined): AsyncIterableIterator<TimedStep> {
    for (let at = after; signal?.aborted !== true; ) {
      const step = this.#steps[at];
      if (step === undefined) {
        await new Promise<void>((resolve) => {
          this.#tell.push(resolve);
          signal?.addEventListener("abort", () => resolve());
        });
      } else {
        at++;
        yield step;
      }
    }
  }

  tells(...cursors: number[]): void {
    this.#steps.push(
      ...cursors.map((cursor): TimedStep => ({ kind: "accepted", message: "m", at: 0, cursor }) as TimedStep),
    );
    for (const go of this.#tell.splice(0)) go();
  }

  open(options: Partial<StreamOptions> = {}): Reader {
    const leave = () => {
      this.left++;
    };
    const response = this.streams.open(NO_REQUEST, { after: 0, isValid: async () => this.isValid, leave, ...options });
    return response.body!.getReader() as Reader;
  }

  async beat(): Promise<void> {
    for (const task of this.beats.splice(0)) task();
    await Bun.sleep(1);
  }
}

async function textOf(reader: Reader): Promise<string> {
  return new TextDecoder().decode((await reader.read()).value);
}

test("a stream that has nothing to tell beats", async () => {
  const stage = new Stage();
  const reader = stage.open();
  expect(await textOf(reader)).toBe("retry: 2000\n\n");
  const next = textOf(reader);
  await stage.beat();
  expect(await next).toBe(":\n\n");
  const step = textOf(reader);
  stage.tells(1);
  expect(await step).toMatch(/^id: \S{8}\.1\ndata: \{.*"kind":"accepted".*\}\n\n$/);
  expect(stage.streams.count).toBe(1);
});

test("a client that takes nothing for four beats loses its stream", async () => {
  const stage = new Stage();
  stage.tells(1, 2, 3, 4, 5);
  stage.open();
  for (let i = 0; i < 3; i++) await stage.beat();
  expect([stage.left, stage.streams.count, stage.beats.length]).toEqual([0, 1, 1]);
  await stage.beat();
  expect([stage.left, stage.streams.count, stage.beats.length]).toEqual([1, 0, 0]);
});

test("a client that reads now and then keeps it", async () => {
  const stage = new Stage();
  const reader = stage.open();
  for (let i = 0; i < 10; i++) {
    await stage.beat();
    await reader.read();
  }
  expect(stage.left).toBe(0);
});

test("the stream of a removed token ends with the next beat", async () => {
  const stage = new Stage();
  const reader = stage.open();
  await reader.read();
  stage.isValid = false;
  const next = reader.read();
  await stage.beat();
  expect((await next).done).toBe(true);
  expect([stage.left, stage.beats.length]).toEqual([1, 0]);
});

test("closeAll() and a client that goes end a stream once", async () => {
  const stage = new Stage();
  const [one, other] = [stage.open(), stage.open()];
  await one.cancel();
  expect(stage.left).toBe(1);
  await other.read();
  const next = other.read();
  stage.streams.closeAll();
  stage.streams.closeAll();
  expect((await next).done).toBe(true);
  expect([stage.left, stage.streams.count, stage.beats.length]).toEqual([2, 0, 0]);
});
