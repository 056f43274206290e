import { afterEach, expect, jest, test } from "bun:test";
import type { Connection } from "../../actors/connection.ts";
import { AskTimeout } from "../../actors/runtime/mailbox.ts";
import { ActorSystem, type SystemStart } from "../../actors/system.ts";
import type { StoreCall, StoreReply } from "../../store/store.ts";
import { Jid } from "../../xmpp/jid.ts";
import { SILENT_LOG } from "../../xmpp/log.ts";

const HOUR_MS = 3_600_000;

interface Setting {
  readonly system: ActorSystem;
  /** What the store was asked for. */
  readonly calls: StoreCall[];
  /** The latest task for each delay. */
  readonly tasks: Map<number, () => void>;
}

/** A system over a store that answers every call with 0, once `ready` resolves. */
function setting(ready: Promise<void> = Promise.resolve()): Setting {
  const calls: StoreCall[] = [];
  const tasks: Setting["tasks"] = new Map();
  const run = async (batch: readonly StoreCall[]): Promise<readonly StoreReply[]> => {
    calls.push(...batch);
    await ready;
    return batch.map(([method]) => ({ value: method === "user" ? undefined : 0 }));
  };
  const start = {
    settings: { domains: ["localhost"], probeTimeoutMs: 1000, idleMs: 1000, resumeMs: 1000, resourcesPerUser: 1 },
    registry: { modules: [] },
    store: { run },
    log: SILENT_LOG,
    gateways: new Map(),
    now: () => 48 * HOUR_MS,
    newId: () => "id",
    schedule: (ms: number, task: () => void) => {
      tasks.set(ms, task);
      return () => tasks.delete(ms);
    },
  } as unknown as SystemStart;
  return { system: new ActorSystem(start, { lastSeq: 0, idKey: new Uint8Array(16) }), calls, tasks };
}

afterEach(() => void jest.useRealTimers());

test("ActorSystem.run() removes old counts of streams now, and every hour", () => {
  const { system, calls, tasks } = setting();
  system.run();
  expect(calls.filter(([method]) => method === "pruneStreams")).toEqual([["pruneStreams", 24 * HOUR_MS]]);
  const again = tasks.get(HOUR_MS)!;
  tasks.delete(HOUR_MS);
  again();
  expect(tasks.has(HOUR_MS)).toBe(true);
});

test("ActorSystem.bind() leaves no session behind where the answer came too late", async () => {
  jest.useFakeTimers();
  const { promise, resolve } = Promise.withResolvers<void>();
  const { system } = setting(promise);
  const sent: string[] = [];
  const connection = { close: () => void sent.push("closed"), send: (text: string) => void sent.push(text) };
  const bound = system.bind({
    account: Jid.parse("romeo@localhost"),
    resource: "orchard",
    connection: connection as unknown as Connection,
  });
  jest.advanceTimersByTime(10_000);
  const error = await bound.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(AskTimeout);
  resolve();
  for (let turn = 0; turn < 20; turn++) await Promise.resolve();
  expect(system.activeUser(Jid.parse("romeo@localhost"))).toBeDefined();
  expect(system.sessionCount).toBe(0);
  expect(sent).toEqual([]);
});
