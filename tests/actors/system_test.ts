import { expect, test } from "bun:test";
import { ActorSystem, type SystemStart } from "../../actors/system.ts";
import type { StoreCall } from "../../store/store.ts";
import { SILENT_LOG } from "../../xmpp/log.ts";

const HOUR_MS = 3_600_000;

test("ActorSystem.run() removes old counts of streams now, and every hour", () => {
  const calls: StoreCall[] = [];
  const tasks = new Map<number, () => void>();
  const start = {
    settings: { domains: ["localhost"], probeTimeoutMs: 1000, idleMs: 1000, resumeMs: 1000 },
    registry: { modules: [] },
    store: {
      run: async (batch: readonly StoreCall[]) => {
        calls.push(...batch);
        return batch.map(() => ({ value: 0 }));
      },
    },
    log: SILENT_LOG,
    gateways: new Map(),
    now: () => 48 * HOUR_MS,
    newId: () => "id",
    schedule: (ms: number, task: () => void) => {
      tasks.set(ms, task);
      return () => tasks.delete(ms);
    },
  } as unknown as SystemStart;
  const system = new ActorSystem(start, { lastSeq: 0, idKey: new Uint8Array(16) });
  const prunings = () => calls.filter(([method]) => method === "pruneStreams");
  system.run();
  expect(prunings()).toEqual([["pruneStreams", 24 * HOUR_MS]]);
  const again = tasks.get(HOUR_MS)!;
  tasks.delete(HOUR_MS);
  again();
  expect(tasks.has(HOUR_MS)).toBe(true);
});
