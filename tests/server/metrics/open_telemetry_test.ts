import { afterEach, expect, test } from "bun:test";
import { type BatchObservableCallback, type MeterProvider, metrics, type Observable } from "@opentelemetry/api";
import { createServer } from "../../../mod.ts";
import { FAMILIES } from "../../../server/metrics/families.ts";
import { SILENT_LOG } from "../../../xmpp/log.ts";

afterEach(() => metrics.disable());

/** The part of an SDK that is asked for observable instruments, and collects them. */
class Collector {
  readonly instruments = new Map<Observable, string>();
  readonly callbacks = new Set<BatchObservableCallback>();

  get provider(): MeterProvider {
    const create = (name: string) => {
      const instrument = { addCallback: () => {}, removeCallback: () => {} };
      this.instruments.set(instrument, name);
      return instrument;
    };
    const meter = {
      createObservableCounter: create,
      createObservableGauge: create,
      addBatchObservableCallback: (callback: BatchObservableCallback) => void this.callbacks.add(callback),
      removeBatchObservableCallback: (callback: BatchObservableCallback) => void this.callbacks.delete(callback),
    };
    return { getMeter: () => meter } as unknown as MeterProvider;
  }

  async collect(): Promise<Map<string, number>> {
    const read = new Map<string, number>();
    for (const callback of this.callbacks) {
      await callback({
        observe: (instrument, value, labels = {}) => {
          read.set(`${this.instruments.get(instrument)} ${Object.values(labels).join(" ")}`.trim(), value);
        },
      });
    }
    return read;
  }
}

test("an SDK collects the same numbers, from the start of the server until its stop", async () => {
  const collector = new Collector();
  metrics.setGlobalMeterProvider(collector.provider);
  const server = createServer({ store: "sqlite::memory:", log: SILENT_LOG });
  expect(collector.callbacks.size).toBe(0);
  await server.start();
  const outcome = await server.send({ from: "localhost", to: "nobody@localhost", body: "Hi" });
  const read = await collector.collect();
  expect(read.get(`ampact_outcomes ${outcome.kind}`)).toBe(1);
  expect(read.get("ampact_sessions websocket")).toBe(0);
  expect(read.get("ampact_ready")).toBe(1);
  expect(read.get("ampact_store_batch_seconds_bucket +Inf")).toBe(read.get("ampact_store_batch_seconds_count")!);
  const names = new Set([...collector.instruments.values()].map((name) => name.replace(/_(bucket|sum|count)$/, "")));
  expect([...names].sort()).toEqual(FAMILIES.map(({ name }) => name.replace(/_total$/, "")).sort());
  await server.stop();
  expect(collector.callbacks.size).toBe(0);
});

test("without an SDK a server starts and stops", async () => {
  const server = createServer({ store: "sqlite::memory:", log: SILENT_LOG });
  await server.start();
  await server.stop();
});
