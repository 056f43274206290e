import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import type { Address } from "../../actors/address.ts";
import type { ExpiryLetter } from "../../actors/expiry_actor.ts";
import { ExpiryActor } from "../../actors/expiry_actor.ts";
import type { Node } from "../../actors/node.ts";
import { Mailbox } from "../../actors/runtime/mailbox.ts";
import { Scheduler } from "../../actors/runtime/scheduler.ts";
import { createInlineStore } from "../../store/sqlite_store.ts";
import type { Store, StoreCall, StoreMethod } from "../../store/store.ts";
import { unboundedKind } from "./unbounded_kind.ts";

const JULIET = "juliet@localhost";
let store: Store;
let mailbox: Mailbox<ExpiryLetter>;
let now: number;
/** What delivery was told, by owner. */
let told: number[];
let queries: number;
let alarm: { at: number; task: () => void } | undefined;

beforeEach(async () => {
  store = createInlineStore("sqlite::memory:");
  await store.open();
  await store.run([["createAccount", JULIET, {}, 0]]);
  [now, told, queries, alarm] = [1000, [], 0, undefined];
  mailbox = new Mailbox<ExpiryLetter>(unboundedKind("ExpiryActor"), new Scheduler(Date.now));
  mailbox.start(
    new ExpiryActor(
      () => node,
      () => mailbox,
    ),
  );
});
afterEach(() => store.close());

const node = {
  now: () => now,
  log: { error: (what: string, record: unknown) => expect([what, record]).toBeUndefined() },
  database: new Proxy({}, { get: (_, method) => ask(method as StoreMethod) }),
  send: (_: Address, { seq }: { seq: number }) => told.push(seq),
  schedule: (ms: number, task: () => void) => {
    alarm = { at: now + ms, task };
    return () => {
      alarm = undefined;
    };
  },
} as unknown as Node;

function ask(method: StoreMethod) {
  return async (...parameters: unknown[]) => {
    queries++;
    const [reply] = await store.run([[method, ...parameters] as unknown as StoreCall]);
    return (reply as { value: unknown }).value;
  };
}

async function settles(): Promise<void> {
  for (let round = 0; round < 10; round++) await new Promise((resolve) => setImmediate(resolve));
}

/** The clock moves on until then, and every alarm rings on its way. */
async function until(time: number): Promise<void> {
  await settles();
  while (alarm !== undefined && alarm.at <= time) {
    const { at, task } = alarm;
    now = Math.max(now, at);
    alarm = undefined;
    task();
    await settles();
  }
  now = time;
}

async function waits(...deadlines: readonly (readonly [seq: number, at: number])[]): Promise<void> {
  const rows = deadlines.map(([seq, at]) => ({
    owner: JULIET,
    seq,
    text: "<m/>",
    waiting: { deadline: at },
  }));
  await store.run([["append", rows]]);
}

async function isSettled(seq: number): Promise<void> {
  await store.run([["settle", [{ owner: JULIET, seq }]]]);
}

describe("ExpiryActor: XEP-0079 3.3.2", () => {
  test("tells of a deadline on time, not before", async () => {
    await waits([1, 5000]);
    mailbox.tell({ kind: "deadline", at: 5000 });
    await until(4999);
    expect(told).toEqual([]);
    await until(5000);
    expect(told).toEqual([1]);
  });

  test("tells of what is overdue at its start, and then sleeps until the next", async () => {
    await waits([1, 10], [2, 20], [3, 90_000]);
    mailbox.tell({ kind: "due" });
    await settles();
    expect(told).toEqual([1, 2]);
    await isSettled(1);
    await isSettled(2);
    await until(89_999);
    expect(told).toEqual([1, 2]);
    await until(90_000);
    expect(told).toEqual([1, 2, 3]);
  });

  test("wakes earlier for a nearer deadline, and is not put off by a later one", async () => {
    await waits([1, 50_000], [2, 3000]);
    for (const at of [50_000, 3000, 80_000]) mailbox.tell({ kind: "deadline", at });
    await until(3000);
    expect(told).toEqual([2]);
  });

  test("tells at once of a row that was written only after its deadline", async () => {
    await until(1400);
    await waits([1, 1200]);
    mailbox.tell({ kind: "deadline", at: 1200 });
    await until(1400);
    expect(told).toEqual([1]);
  });

  test("finds a row that was written after another deadline had been looked for", async () => {
    await waits([1, 1200]);
    mailbox.tell({ kind: "deadline", at: 1200 });
    await until(1200);
    await isSettled(1);
    await until(5000);
    await waits([2, 90_000]);
    mailbox.tell({ kind: "deadline", at: 90_000 });
    await until(90_000);
    expect(told).toEqual([1, 2]);
  });

  test("does not look for ever for a row that is gone again", async () => {
    mailbox.tell({ kind: "deadline", at: 1200 });
    await until(70_000);
    expect(alarm).toBeUndefined();
    expect(queries).toBeLessThan(200);
  });

  test("is not held up by rows that a live session holds, and does not spin for them", async () => {
    await waits(...Array.from({ length: 1000 }, (_, i) => [i + 1, 10] as const));
    mailbox.tell({ kind: "due" });
    await until(2000);
    expect(new Set(told).size).toBe(1000);
    const [tellsBefore, queriesBefore] = [told.length, queries];
    await waits([5000, 3000]);
    mailbox.tell({ kind: "deadline", at: 3000 });
    await until(12_000);
    expect(told).toContain(5000);
    // Ten passes of five pages each, and what each says of the next.
    expect(told.length - tellsBefore).toBeLessThan(13_000);
    expect(queries - queriesBefore).toBeLessThan(100);
  });

  test("when the clock steps back it fires late rather than early, and not twice", async () => {
    await waits([1, 5000]);
    mailbox.tell({ kind: "deadline", at: 5000 });
    await until(4000);
    now -= 3000;
    alarm!.task();
    await settles();
    expect(told).toEqual([]);
    await until(5000);
    expect(told).toEqual([1]);
    await isSettled(1);
    await until(100_000);
    expect(told).toEqual([1]);
  });

  test("a clock that steps forward is noticed within a minute", async () => {
    await waits([1, 900_000]);
    mailbox.tell({ kind: "deadline", at: 900_000 });
    await settles();
    expect(alarm!.at).toBeLessThanOrEqual(now + 60_000);
  });

  test("nothing waits: no timer runs", async () => {
    mailbox.tell({ kind: "due" });
    await settles();
    expect(alarm).toBeUndefined();
  });

  test("sets no timer after it has been stopped while it was reading", async () => {
    await waits([1, 90_000]);
    mailbox.tell({ kind: "due" });
    mailbox.stop();
    await settles();
    expect(alarm).toBeUndefined();
  });
});
